import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { freePort, startRedis, type AppendFsync, type LocalRedis } from '@darkroom/local-stack';

/** A Redis of one's own, which may be away: its address stays the same over every stop and start. */
export interface OwnRedis extends AsyncDisposable {
  readonly url: string;
  /** Process id, while it runs as a process of its own. */
  readonly pid: number | undefined;
  /** Starts it, with the data it had when it was stopped. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /**
   * Copies its append-only file as it is at this moment, also while it runs. @returns puts the copy in its place; only while
   * it is away. What was written in between is then forgotten, as by a failover to a replica that was behind.
   */
  copyData(): Promise<() => Promise<void>>;
  /** Changes its data while it is away: another server runs on them for as long as that takes, at an address that nothing else knows. */
  changeAway(change: (client: Redis) => Promise<void>): Promise<void>;
}

export interface OwnRedisOptions {
  /** Where its data are kept and stay; a folder that is removed at the end when absent. */
  dir?: string;
  /** `always` when absent. */
  appendfsync?: AppendFsync;
}

const cacheDir = fileURLToPath(new URL('../../../.local/', import.meta.url));
/** As a copy of Redis may have to be fetched first. */
const DOWNLOAD_LIMIT_MS = 120_000;

/** Chooses an address for a Redis; nothing answers there before `start`. */
export async function reserveRedis({ dir: given, appendfsync = 'always' }: OwnRedisOptions = {}): Promise<OwnRedis> {
  const dir = given ?? (await mkdtemp(join(tmpdir(), 'darkroom-own-redis-')));
  const port = await freePort();
  let running: LocalRedis | undefined;
  let copies = 0;
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = undefined;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return running?.pid;
    },
    start: async () => {
      running ??= await startRedis({
        dir,
        cacheDir,
        port,
        environment: process.env,
        appendfsync,
        downloadLimitMs: DOWNLOAD_LIMIT_MS,
      });
    },
    stop,
    kill: async () => {
      if (running?.pid === undefined) throw new Error('this Redis is not a process of its own that runs');
      process.kill(running.pid, 'SIGKILL');
      await stop();
    },
    copyData: () => copyAppendOnlyFile(dir, join(dir, `copy-${(copies += 1)}`)),
    changeAway: async (change) => {
      if (running !== undefined) throw new Error('this Redis runs');
      await using aside = await reserveRedis({ dir, appendfsync });
      await aside.start();
      const client = new Redis(aside.url);
      try {
        await change(client);
      } finally {
        client.disconnect();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      if (given === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The folder of the parts of the append-only file (Redis 7, `appenddirname`). */
const FOLDER = 'appendonlydir';

async function copyAppendOnlyFile(dir: string, copy: string): Promise<() => Promise<void>> {
  const folder = join(dir, FOLDER);
  let manifest: string;
  do {
    await rm(copy, { recursive: true, force: true });
    manifest = await readManifest(folder);
    await cp(folder, copy, { recursive: true });
    // It names the parts: when it has changed, Redis has written them anew, and the copy may lack one.
  } while (manifest !== (await readManifest(folder)));
  return async () => {
    await rm(folder, { recursive: true, force: true });
    await cp(copy, folder, { recursive: true });
  };
}

async function readManifest(folder: string): Promise<string> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.manifest'));
  return name === undefined ? '' : readFile(join(folder, name), 'utf8');
}
