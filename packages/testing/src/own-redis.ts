import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startRedis, type LocalRedis } from '@darkroom/local-stack';

/** A Redis of one's own, which may be away: its address stays the same over every stop and start. */
export interface OwnRedis extends AsyncDisposable {
  readonly url: string;
  /** Starts it, with the data it had when it was stopped. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const cacheDir = fileURLToPath(new URL('../../../.local/', import.meta.url));

/** Chooses an address for a Redis; nothing answers there before `start`. */
export async function reserveRedis(): Promise<OwnRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-own-redis-'));
  const port = await freePort();
  let running: LocalRedis | undefined;
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = undefined;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    start: async () => {
      running ??= await startRedis({ dir, cacheDir, port, environment: process.env });
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
