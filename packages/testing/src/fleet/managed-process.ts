import { readFile } from 'node:fs/promises';
import { checkUrl, startProgram, type Program } from '@darkroom/local-stack';

export interface ManagedProcessOptions {
  name: string;
  /** The Node binary; that of this process when absent. */
  node?: string;
  /** The script that Node runs. */
  script: string;
  env: Readonly<Record<string, string>>;
  logFile: string;
  /** Address that answers 200 once the process is ready. */
  readyUrl: string;
}

/** A process that a test can kill and start again, with the same settings and on the same port. */
export interface ManagedProcess {
  readonly name: string;
  start(): Promise<void>;
  /** Sends SIGTERM. Resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Sends SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  log(): Promise<string>;
}

/** Time for a start on a machine that runs other tests as well. */
const READY_LIMIT_MS = 60_000;
/** Longer than any test waits for an orderly end. */
const STOP_LIMIT_MS = 60_000;

/** Describes a process; nothing runs before `start`. */
export function createManagedProcess({ name, node, script, env, logFile, readyUrl }: ManagedProcessOptions): ManagedProcess {
  let program: Program | undefined;
  return {
    name,
    isRunning: () => program?.isRunning() ?? false,
    async start() {
      program = startProgram({
        name,
        ...(node !== undefined && { command: node }),
        args: ['--enable-source-maps', script],
        environment: { ...baseEnvironment(), ...env },
        logFile,
      });
      await program.untilReady(checkUrl(readyUrl), READY_LIMIT_MS);
    },
    stop: async () => (await program?.stop(STOP_LIMIT_MS)) ?? null,
    kill: async () => program?.kill(),
    signal: (signal) => void program?.child.kill(signal),
    log: () => readFile(logFile, 'utf8'),
  };
}

/** Returns the environment that every process needs; nothing in it may make a process leave this machine. */
export const baseEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'DARKROOM_TEST_RUN', 'NODE_OPTIONS']
      .map((name) => [name, process.env[name] ?? ''])
      .filter(([, value]) => value !== ''),
  );
