import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defined } from '@darkroom/contracts';
import { Redis } from 'ioredis';
import { freePort, startRedis, type AppendFsync, type LocalRedis } from '@darkroom/local-stack';

/** A Redis of the test's own, which may be away; its address stays the same through every stop and start. */
export interface OwnRedis extends AsyncDisposable {
  readonly url: string;
  /** Process id while it runs. */
  readonly pid: number | undefined;
  /** Starts it with the data of its last stop. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Sends SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>;
  /**
   * Copies its append-only file as it is now, also while it runs. @returns a function that puts the copy in its place, only while the
   * server is away. Redis then lacks all later writes, as after a failover to a replica that was behind.
   */
  copyData(): Promise<() => Promise<void>>;
  /** Changes its data while it is away: a temporary server opens them at an address that no process knows. */
  changeAway(change: (client: Redis) => Promise<void>): Promise<void>;
}

export interface OwnRedisOptions {
  /** Folder of its data, which stays; when absent, a folder that is removed at the end. */
  dir?: string;
  /** `always` when absent. */
  appendfsync?: AppendFsync;
  /** Settings that differ from the usual ones, by their names in redis.conf. */
  settings?: Readonly<Record<string, string>>;
  /** Configuration of a sentinel: the server then runs as one, and writes into that file. */
  sentinelFile?: string;
}

const cacheDir = fileURLToPath(new URL('../../../.local/', import.meta.url));
/** Long, because a copy of Redis may have to be downloaded first. */
const DOWNLOAD_LIMIT_MS = 120_000;

/** Reserves an address for a Redis; no server answers there before `start`. */
export async function reserveRedis({
  dir: given,
  appendfsync = 'always',
  settings,
  sentinelFile,
}: OwnRedisOptions = {}): Promise<OwnRedis> {
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
        ...defined({ settings, sentinelFile }),
      });
    },
    stop,
    kill: async () => {
      if (running?.kill === undefined) throw new Error('this Redis does not run as a process of its own');
      await running.kill();
      running = undefined;
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

/** Folder with the parts of the append-only file (Redis 7, `appenddirname`). */
const FOLDER = 'appendonlydir';

async function copyAppendOnlyFile(dir: string, copy: string): Promise<() => Promise<void>> {
  const folder = join(dir, FOLDER);
  let manifest: string;
  do {
    await rm(copy, { recursive: true, force: true });
    manifest = await readManifest(folder);
    await cp(folder, copy, { recursive: true });
    // The manifest names the parts. If it has changed, Redis has rewritten them, and the copy may lack one.
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
