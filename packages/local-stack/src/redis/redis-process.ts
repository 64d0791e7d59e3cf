import { basename, join } from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { freePort } from '../free-port.ts';
import { takeFolder, type OwnFolder } from '../processes/own-folder.ts';
import { startProgram, type Environment, type Program } from '../processes/program.ts';
import type { AppendFsync } from './local-redis.ts';
import { findServerInfo } from './server-info.ts';

/** Settings of one private server. */
export interface RedisProcessOptions {
  readonly binary: string;
  readonly environment: Environment;
  /** Data folder, created if missing: append-only file and `server.log`. */
  readonly dir: string;
  /** A free port when absent. A given port is used as it is, so that clients find a restarted server. */
  readonly port?: number;
  /** `off` writes nothing to the disk. */
  readonly persistence: AppendFsync | 'off';
  /** Settings that differ from the usual ones, by their names in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Configuration of a sentinel: the server then runs as one, and writes into that file. */
  readonly sentinelFile?: string;
}

/** A running private server. */
export interface RedisProcess {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  stop(): Promise<void>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
}

const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 5_000;
/** Another process may take a free port before the server binds it. */
const PORT_TRIES = 3;

/**
 * Starts a server on loopback and waits until it answers.
 * @throws LocalStackError if the folder is in use, or if the server ends or does not answer in time; the message then ends with its log.
 */
export async function startRedisProcess(options: RedisProcessOptions): Promise<RedisProcess> {
  const { dir } = options;
  const folder = takeFolder(dir);
  try {
    await folder.endLeftOvers();
    const { program, ...server } = await startOnSomePort(options, folder);
    const released = program.ended.then(() => folder.release());
    const end = async (how: Promise<unknown>): Promise<void> => void (await Promise.all([how, released]));
    return { ...server, stop: () => end(program.stop(STOP_LIMIT_MS)), kill: () => end(program.kill()) };
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** A server that answers, without the lock of its folder. */
interface StartedServer extends Omit<RedisProcess, 'stop' | 'kill'> {
  readonly program: Program;
}

async function startOnSomePort(options: RedisProcessOptions, folder: OwnFolder): Promise<StartedServer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnPort(options, options.port ?? (await freePort()), folder);
    } catch (error) {
      if (options.port !== undefined || tries === PORT_TRIES) throw error;
    }
  }
}

async function startOnPort(options: RedisProcessOptions, port: number, folder: OwnFolder): Promise<StartedServer> {
  const program = startServer(options, port);
  const { pid } = program.child;
  // A server names its port in its command line, first as an argument and soon as part of its title ("redis-server 127.0.0.1:6379").
  if (pid !== undefined) folder.note(pid, String(port));
  const url = `redis://127.0.0.1:${port}`;
  let version = '';
  try {
    await program.untilReady(async () => {
      const info = await findServerInfo(url, 1000);
      version = info?.version ?? '';
      return info === undefined || info.processId !== pid ? { what: 'it does not answer' } : undefined;
    }, START_LIMIT_MS);
    if (pid === undefined) throw new Error('the server has no process id');
    return { url, pid, version, program };
  } catch (cause) {
    await program.stop(STOP_LIMIT_MS);
    const { message } = cause as Error; // of `untilReady`
    throw new LocalStackError(`cannot start "${basename(options.binary)}" on port ${port}: ${message}`, { cause });
  }
}

function startServer({ binary, environment, dir, persistence, settings, sentinelFile }: RedisProcessOptions, port: number): Program {
  const all = {
    port: String(port),
    bind: '127.0.0.1',
    'protected-mode': 'yes',
    dir,
    appendonly: persistence === 'off' ? 'no' : 'yes',
    appendfsync: persistence === 'off' ? 'no' : persistence,
    save: '',
    // With any other policy a full Redis drops jobs (BullMQ docs, "Going to production").
    'maxmemory-policy': 'noeviction',
    // Entries and jobs stay in the compact form of a hash: half of the memory (docs/operations/production.md). All versions know this older name.
    'hash-max-ziplist-value': '1024',
    daemonize: 'no',
    ...settings,
  };
  return startProgram({
    name: 'Redis',
    command: binary,
    args: [
      ...(sentinelFile === undefined ? [] : [sentinelFile]),
      ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
      ...(sentinelFile === undefined ? [] : ['--sentinel']),
    ],
    environment,
    logFile: join(dir, 'server.log'),
    // A Ctrl-C must not reach Redis: this process needs it while it stops, and Redis writes its data before it ends.
    hasOwnGroup: true,
    signalAtExit: 'SIGTERM',
  });
}
