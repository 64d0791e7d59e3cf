// Starts one process at a time, passes signals on to it and waits for its end.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** @typedef {{ command: string, args: string[], env: import('./environment.mjs').Environment, capture?: boolean, shell?: boolean }} Command */
/** @typedef {{ code: number, output: string }} Ended */
/** @typedef {{ run(command: Command): Promise<Ended>, close(): void }} ProcessRunner */

const passedOn = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * One Ctrl-C arrives from the terminal and, a moment later, once more from npm. The runner passes it on although the terminal sends it to
 * the child as well, because `kill` reaches only one process. The child ignores the echo, too.
 */
const SAME_SIGNAL_MS = 1000;

/** Creates a function that distinguishes a signal from its echo. @param {() => number} now */
export function createSignalGate(now) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return (/** @type {string} */ signal) => {
    const isNew = now() - (seen.get(signal) ?? Number.NEGATIVE_INFINITY) >= SAME_SIGNAL_MS;
    if (isNew) seen.set(signal, now());
    return isNew;
  };
}

/** Returns the exit code as shells do: that of the process, or 128 and the number of its signal. @param {number | null} code @param {NodeJS.Signals | null} signal */
export const exitCodeOf = (code, signal) => code ?? (signal === null ? 1 : 128 + constants.signals[signal]);

/** @param {NodeJS.Process} self Receives the signals. @param {number} [parentCheckMs] Time between two checks that npm still runs. @returns {ProcessRunner} */
export function createProcessRunner(self, parentCheckMs = 500) {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  /** @type {NodeJS.Signals | undefined} */
  let stoppedBy;
  const isNew = createSignalGate(() => performance.now());

  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    stoppedBy = signal;
    if (isNew(signal)) child?.kill(signal);
  };
  for (const signal of passedOn) self.on(signal, passOn);

  // npm starts a script through a shell. A shell that gets a signal ends without passing it on, and leaves the script behind.
  const parent = self.ppid;
  const parentCheck = setInterval(() => {
    if (self.env['npm_lifecycle_event'] === undefined || self.ppid === parent) return;
    clearInterval(parentCheck);
    passOn('SIGTERM');
  }, parentCheckMs).unref();

  return {
    async run({ command, args, env, capture = false, shell = false }) {
      // A signal between two processes, or one that the last process survived, still ends the task.
      if (stoppedBy !== undefined) return { code: exitCodeOf(null, stoppedBy), output: '' };
      let output = '';
      // npm is a .cmd file on Windows, which only a shell can start.
      const inShell = shell || (self.platform === 'win32' && command !== self.execPath);
      const started = spawn(command, args, { env, stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit', shell: inShell });
      child = started;
      for (const stream of [started.stdout, started.stderr])
        stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
      const code = await new Promise((resolve, reject) => {
        started.once('error', reject);
        started.once('close', (/** @type {number | null} */ own, /** @type {NodeJS.Signals | null} */ signal) =>
          resolve(exitCodeOf(own, signal)),
        );
      });
      child = undefined;
      return { code, output };
    },

    close() {
      clearInterval(parentCheck);
      for (const signal of passedOn) self.off(signal, passOn);
    },
  };
}
