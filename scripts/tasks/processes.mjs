// Starts one process at a time, passes signals on to it and waits for its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** @typedef {{ command: string, args: string[], env: import('./environment.mjs').Environment, capture?: boolean, shell?: boolean }} Command */
/** @typedef {{ run(command: Command): Promise<{ code: number, output: string }>, close(): void }} ProcessRunner */

const passedOn = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
/**
 * One Ctrl-C arrives from the terminal and, a moment later, once more from npm. The runner passes it on although the terminal sends it to
 * the child as well, because `kill` reaches only one process. The child ignores the echo, too.
 */
const SAME_SIGNAL_MS = 1000;
const PARENT_CHECK_MS = 500;

/** Returns the exit code of a process that a signal ended, as shells do. @param {NodeJS.Signals} signal */
const codeOf = (signal) => 128 + constants.signals[signal];

/** @param {NodeJS.Process} self Receives the signals. @returns {ProcessRunner} */
export function createProcessRunner(self) {
  /** @type {{ child?: import('node:child_process').ChildProcess | undefined, stoppedBy?: NodeJS.Signals, passedAt: Record<string, number> }} */
  const state = { passedAt: {} };
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    state.stoppedBy = signal;
    const at = performance.now();
    if (at - (state.passedAt[signal] ?? -SAME_SIGNAL_MS) < SAME_SIGNAL_MS) return;
    state.passedAt[signal] = at;
    state.child?.kill(signal);
  };
  for (const signal of passedOn) self.on(signal, passOn);

  // npm starts a script through a shell. A shell that gets a signal ends without passing it on, and leaves the script behind.
  const parent = self.ppid;
  const parentCheck = setInterval(() => {
    if (self.env['npm_lifecycle_event'] === undefined || self.ppid === parent) return;
    clearInterval(parentCheck);
    passOn('SIGTERM');
  }, PARENT_CHECK_MS).unref();

  return {
    async run({ command, args, env, capture = false, shell = false }) {
      // A signal between two processes, or one that the last process survived, still ends the task.
      if (state.stoppedBy !== undefined) return { code: codeOf(state.stoppedBy), output: '' };
      // npm is a .cmd file on Windows, which only a shell can start.
      const inShell = shell || (self.platform === 'win32' && command !== self.execPath);
      const child = spawn(command, args, { env, stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit', shell: inShell });
      state.child = child;
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text));
      const [code, signal] = await once(child, 'close');
      state.child = undefined;
      return { code: code ?? codeOf(signal), output };
    },
    close() {
      clearInterval(parentCheck);
      for (const signal of passedOn) self.off(signal, passOn);
    },
  };
}
