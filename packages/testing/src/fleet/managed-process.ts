import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface ManagedProcessOptions {
  name: string;
  /** The Node that runs it; the one of this process unless given. */
  node?: string;
  /** The script that Node runs. */
  script: string;
  env: Readonly<Record<string, string>>;
  logFile: string;
  /** Answers 200 once the process may be used. */
  readyUrl: string;
}

/** A process of ours that can be killed and started again, with the same settings and on the same port. */
export interface ManagedProcess {
  readonly name: string;
  start(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  log(): Promise<string>;
}

/** Processes start slowly on a machine that runs other tests too. */
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

/** What every process needs of the environment; nothing that could make it leave this machine. */
const baseEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'DARKROOM_TEST_RUN', 'NODE_OPTIONS']
      .map((name) => [name, process.env[name] ?? ''])
      .filter(([, value]) => value !== ''),
  );
