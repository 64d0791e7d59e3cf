import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

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
const READY_WITHIN_MS = 60_000;

/** Describes a process; nothing runs before `start`. */
export function createManagedProcess({
  name,
  node = process.execPath,
  script,
  env,
  logFile,
  readyUrl,
}: ManagedProcessOptions): ManagedProcess {
  let child: ChildProcess | undefined;
  const isRunning = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const running = child;
    if (running === undefined || !isRunning()) return running?.exitCode ?? null;
    const exited = once(running, 'exit');
    running.kill(signal);
    if (signal === 'SIGKILL') running.kill('SIGCONT');
    await exited;
    return running.exitCode;
  }

  return {
    name,
    isRunning,
    async start() {
      const log = openSync(logFile, 'a');
      child = spawn(node, ['--enable-source-maps', script], {
        env: { ...baseEnvironment(), ...env },
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      const endsAt = performance.now() + READY_WITHIN_MS;
      while (!(await answers(readyUrl))) {
        if (!isRunning() || performance.now() > endsAt) {
          throw new Error(`${name} did not become ready\n${(await readFile(logFile, 'utf8')).slice(-2000)}`);
        }
        await delay(50);
      }
    },
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
    signal: (signal) => void child?.kill(signal),
    log: () => readFile(logFile, 'utf8'),
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000), headers: { connection: 'close' } });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Returns the environment that every process needs; nothing in it may make a process leave this machine. */
export const baseEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'DARKROOM_TEST_RUN', 'NODE_OPTIONS']
      .map((name) => [name, process.env[name] ?? ''])
      .filter(([, value]) => value !== ''),
  );
