import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalStackError } from '@darkroom/contracts';
import { lockFolder } from '../folder-lock.ts';
import { freePort } from '../free-port.ts';
import type { AppendFsync, Environment } from './local-redis.ts';
import { endOrphan, forgetServer, recordServer } from './orphan.ts';
import { findServerInfo, type ServerInfo } from './server-info.ts';

/** How to run one private server. */
export interface RedisProcessOptions {
  readonly binary: string;
  readonly environment: Environment;
  /** Data folder, made when missing: append-only file and `server.log`. */
  readonly dir: string;
  /** Absent: a free one. Given: exactly this one, so that a killed server can come back where its clients look for it. */
  readonly port?: number;
  /** `off` keeps nothing on the disk. */
  readonly persistence: AppendFsync | 'off';
}

/** A running server of our own. */
export interface RedisProcess {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 5_000;
/** Another process may take a free port before the server binds it. */
const PORT_TRIES = 3;

/**
 * Starts a server on loopback and waits until it answers.
 * @throws LocalStackError when the folder is in use, or the server ends by itself or does not answer in time; then the message
 *   holds the end of its log.
 */
export async function startRedisProcess(options: RedisProcessOptions): Promise<RedisProcess> {
  const { dir } = options;
  const lock = lockFolder(dir);
  try {
    await endOrphan(dir);
    const { child, ended, ...server } = await startOnSomePort(options);
    recordServer(dir, { pid: server.pid, url: server.url });
    const released = ended.then(() => {
      forgetServer(dir);
      lock.release();
    });
    return { ...server, stop: () => stopChild(child, released) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A server that answers, not yet bound to the lock of its folder. */
interface StartedServer extends Omit<RedisProcess, 'stop'> {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

async function startOnSomePort(options: RedisProcessOptions): Promise<StartedServer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnPort(options, options.port ?? (await freePort()));
    } catch (error) {
      if (options.port !== undefined || tries === PORT_TRIES) throw error;
    }
  }
}

async function startOnPort(options: RedisProcessOptions, port: number): Promise<StartedServer> {
  const log = join(options.dir, 'server.log');
  const child = spawnServer(options, port, log);
  const ended = endOf(child);
  const url = `redis://127.0.0.1:${port}`;
  try {
    const info = await waitForAnswer(child, url);
    if (child.pid === undefined) throw new Error('it has no process id');
    return { url, pid: child.pid, version: info.version, child, ended };
  } catch (cause) {
    await stopChild(child, ended);
    throw new LocalStackError(
      `cannot start "${basename(options.binary)}" on port ${port}: ${String(cause)}; the end of "${log}":\n${lastLinesOf(log)}`,
      { cause },
    );
  }
}

function spawnServer({ binary, environment, dir, persistence }: RedisProcessOptions, port: number, log: string): ChildProcess {
  const output = openSync(log, 'a');
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    'protected-mode': 'yes',
    dir,
    appendonly: persistence === 'off' ? 'no' : 'yes',
    appendfsync: persistence === 'off' ? 'no' : persistence,
    save: '',
    // BullMQ docs, "Going to production": any other policy drops jobs when the memory is full.
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  };
  try {
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    return spawn(binary, args, {
      env: { ...environment },
      stdio: ['ignore', output, output],
      // A Ctrl-C in the terminal is for the parent, which still needs its Redis while it stops.
      detached: process.platform !== 'win32',
    });
  } finally {
    closeSync(output);
  }
}

async function waitForAnswer(child: ChildProcess, url: string): Promise<ServerInfo> {
  const end = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`it ended with ${signal ?? `exit code ${code}`}`)));
  });
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  let hasEnded = false;
  end.catch(() => (hasEnded = true));
  const answer = async (): Promise<ServerInfo> => {
    while (!limit.aborted && !hasEnded) {
      const info = await findServerInfo(url, 1000);
      if (info !== undefined && info.processId === child.pid) return info;
      await delay(10);
    }
    throw new Error(`it did not answer within ${START_LIMIT_MS} ms`);
  };
  return Promise.race([answer(), end]);
}

/** Settles when the child is gone, or never came to be. Until then, our own exit takes it along. */
function endOf(child: ChildProcess): Promise<void> {
  const killAtExit = (): void => void child.kill('SIGTERM');
  process.once('exit', killAtExit);
  return new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  }).finally(() => process.off('exit', killAtExit));
}

/** SIGTERM lets the server write what it holds; SIGKILL ends one that hangs. */
async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

const lastLinesOf = (file: string): string => readFileSync(file, 'utf8').split('\n').slice(-8).join('\n');
