import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalStackError } from '@darkroom/contracts';

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface ProgramOptions {
  /** Its name in error messages. */
  readonly name: string;
  /** Defaults to this Node. */
  readonly command?: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly environment: Environment;
  /** Receives everything that the program prints; absent: `output` returns it. */
  readonly logFile?: string;
  /** Gives the program a process group of its own, so that Ctrl-C reaches this process alone, which stops the others in order. */
  readonly hasOwnGroup?: boolean;
  /** Opens a channel for messages between the two processes. */
  readonly hasChannel?: boolean;
  /** The signal that ends the program if this process exits before it. Defaults to SIGKILL. */
  readonly signalAtExit?: 'SIGTERM' | 'SIGKILL';
}

/** The reason why a program is not ready. */
export interface Missing {
  readonly what: string;
  /** True for a reason that waiting does not remove; the wait then ends. */
  readonly isLasting?: boolean;
}

/** A program that this process started, and that does not outlive an exit of this process. */
export interface Program {
  readonly child: ChildProcess;
  /** Resolves with the kind of end: "with exit code 1", "by SIGKILL". Never rejects. */
  readonly ended: Promise<string>;
  isRunning(): boolean;
  /** Returns everything that a program without a log file has printed. */
  output(): string;
  /** Creates an error that says what the program did and holds the last lines that it printed. */
  failure(what: string): LocalStackError;
  /**
   * Waits until `check` finds that nothing is missing. The signal of a check aborts when the program ends.
   * @throws LocalStackError if the program ends first, or something is still missing at the limit.
   */
  untilReady(check: (signal: AbortSignal) => Promise<Missing | undefined>, limitMs: number): Promise<void>;
  /** Sends SIGTERM and waits for the end; kills at the limit, or once `hurry` aborts. May be called twice. @returns the exit code. */
  stop(limitMs: number, hurry?: AbortSignal): Promise<number | null>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
}

/** Every program that runs, with the signal that ends it when this process exits. */
const running = new Map<ChildProcess, NodeJS.Signals>();

const endAll = (): void => running.forEach((signal, child) => void child.kill(signal));

/** Starts a program. */
export function startProgram(options: ProgramOptions): Program {
  const { name, logFile, signalAtExit = 'SIGKILL' } = options;
  const child = spawnProgram(options);
  // One listener for all: Node warns of more than ten.
  if (running.size === 0) process.on('exit', endAll);
  running.set(child, signalAtExit);

  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const gone = new AbortController();
  const ended = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      running.delete(child);
      if (running.size === 0) process.off('exit', endAll);
      gone.abort();
      resolve(how);
    };
    child.once('close', (code, signal) => end(signal === null ? `with exit code ${code}` : `by ${signal}`));
    // A message that does not reach a running program is an error of the child as well, and no end.
    child.on('error', (error) => void (child.pid === undefined && end(`before it began: ${error.message}`)));
  });
  const failure = (what: string): LocalStackError => {
    const lines = (logFile === undefined ? output : readTail(logFile)).trimEnd().split('\n').slice(-SHOWN_LINES);
    const source = logFile === undefined ? 'it printed' : `the last lines of "${logFile}"`;
    const shown = lines.join('') === '' ? 'it printed nothing' : `${source}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
    return new LocalStackError(`the ${name} ${what}; ${shown}`);
  };

  return {
    child,
    ended,
    isRunning: () => running.has(child),
    output: () => output,
    failure,
    async untilReady(check, limitMs) {
      const startedAt = performance.now();
      for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
        const missing = await check(gone.signal);
        if (gone.signal.aborted) throw failure(`ended ${await ended}`);
        if (missing === undefined) return;
        const waitedMs = performance.now() - startedAt;
        if (missing.isLasting === true || waitedMs > limitMs)
          throw failure(`is not ready after ${Math.round(waitedMs / 1000)} s: ${missing.what}`);
        await delay(pauseMs);
      }
    },
    async stop(limitMs, hurry) {
      const kill = (): void => void child.kill('SIGKILL');
      child.kill('SIGTERM');
      const late = setTimeout(kill, limitMs);
      hurry?.addEventListener('abort', kill, { once: true });
      if (hurry?.aborted === true) kill();
      await ended;
      clearTimeout(late);
      hurry?.removeEventListener('abort', kill);
      return child.exitCode;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a program to its end. @returns its exit code, null after a signal, and what it printed without a log file. */
export async function runProgram(options: ProgramOptions): Promise<{ code: number | null; output: string }> {
  const program = startProgram(options);
  await program.ended;
  return { code: program.child.exitCode, output: program.output() };
}

function spawnProgram({ command = process.execPath, args, environment, logFile, ...options }: ProgramOptions): ChildProcess {
  const log = logFile === undefined ? 'pipe' : openSync(logFile, 'a');
  try {
    return spawn(command, args, {
      env: { ...environment },
      stdio: ['ignore', log, log, ...(options.hasChannel === true ? (['ipc'] as const) : [])],
      detached: options.hasOwnGroup === true && process.platform !== 'win32',
      windowsHide: true,
    });
  } finally {
    if (typeof log === 'number') closeSync(log);
  }
}

const MAX_PAUSE_MS = 50;
const SHOWN_LINES = 15;
const SHOWN_BYTES = 16 * 1024;

/** Returns the end of a log; empty if there is no log. */
function readTail(file: string): string {
  let log: number | undefined;
  try {
    log = openSync(file, 'r');
    const { size } = fstatSync(log);
    const start = Math.max(0, size - SHOWN_BYTES);
    const bytes = Buffer.alloc(size - start);
    return bytes.toString('utf8', 0, readSync(log, bytes, 0, bytes.length, start));
  } catch {
    return '';
  } finally {
    if (log !== undefined) closeSync(log);
  }
}
