// Starts one process at a time, passes signals on to it and waits for its end.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** @typedef {import('./environment.mjs').Environment} Environment */
/** @typedef {{ command: string, args: string[], env: Environment, capture?: boolean, cwd?: string }} Command */
/** @typedef {{ code: number, output: string }} Ended */
/** @typedef {{ run(command: Command): Promise<Ended>, close(): void }} ProcessRunner */

const passedOn = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * One Ctrl-C comes from the terminal and once more from npm, a moment later. It is passed on although the terminal told the
 * child as well, because `kill` tells one process alone; what is started here takes the second for the echo that it is, too.
 */
const SAME_SIGNAL_MS = 1000;

/**
 * Tells a signal from its echo.
 * @param {() => number} now
 */
export function createSignalGate(now) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return {
    /** @param {string} signal */
    isNew(signal) {
      const last = seen.get(signal) ?? Number.NEGATIVE_INFINITY;
      if (now() - last < SAME_SIGNAL_MS) return false;
      seen.set(signal, now());
      return true;
    },
  };
}

/**
 * The exit code that shells use for a process: its own, or 128 and the number of the signal that ended it.
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 */
export function exitCodeOf(code, signal) {
  if (code !== null) return code;
  return signal === null ? 1 : 128 + constants.signals[signal];
}

/** How often it is looked whether npm is still there. */
const PARENT_CHECK_MS = 500;

/**
 * @param {NodeJS.Process} self Where signals arrive.
 * @param {{ parentCheckMs?: number }} [options]
 * @returns {ProcessRunner}
 */
export function createProcessRunner(self, { parentCheckMs = PARENT_CHECK_MS } = {}) {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  /** @type {NodeJS.Signals | undefined} */
  let stoppedBy;
  const gate = createSignalGate(() => performance.now());

  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    stoppedBy = signal;
    if (gate.isNew(signal)) child?.kill(signal);
  };
  for (const signal of passedOn) self.on(signal, passOn);

  // npm starts a script through a shell, and a shell that is told to end does not tell the script: it is left behind.
  const parent = self.ppid;
  const parentCheck = setInterval(() => {
    if (self.env['npm_lifecycle_event'] === undefined || self.ppid === parent) return;
    clearInterval(parentCheck);
    passOn('SIGTERM');
  }, parentCheckMs);
  parentCheck.unref();

  return {
    run({ command, args, env, capture = false, cwd }) {
      // A signal between two processes, or one that the last process survived, ends the task all the same.
      if (stoppedBy !== undefined) return Promise.resolve({ code: exitCodeOf(null, stoppedBy), output: '' });
      return new Promise((resolve, reject) => {
        let output = '';
        // npm and pnpm are .cmd files on Windows, which only a shell starts.
        const started = spawn(command, args, {
          env,
          ...(cwd === undefined ? {} : { cwd }),
          stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
          shell: self.platform === 'win32' && command !== self.execPath,
        });
        child = started;
        started.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
        started.stderr?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
        started.once('error', reject);
        started.once('close', (code, signal) => {
          child = undefined;
          resolve({ code: exitCodeOf(code, signal), output });
        });
      });
    },

    close() {
      clearInterval(parentCheck);
      for (const signal of passedOn) self.off(signal, passOn);
    },
  };
}
