import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GenerationView } from '@darkroom/contracts';
import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { closeAtOnce, createClosing, startDarkroom, type AppProcess } from '@darkroom/local-stack';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { eventually } from '../eventually.ts';
import { readBilledTasks, type BilledTask } from '../fleet/bill.ts';
import { runApp } from '../fleet/run-app.ts';
import { testPlace } from '../fleet/test-place.ts';
import { reserveRedis } from '../own-redis.ts';
import { reserveS3, type OwnS3 } from '../own-s3.ts';
import { readKeptStore, type KeptStore, type KeptStoreVersion } from './kept-store.ts';
import { copyKeptProvider, loadKeptBucket, loadKeptRedis } from './load-kept-store.ts';

/** The chain of the defaults, in seconds: for the worker, the open sends of the store are younger than the horizon. */
const timing = {
  TIMING_REQUEST_TIMEOUT_MS: '1000',
  TIMING_RESEND_WINDOW_MS: '2000',
  TIMING_HORIZON_MS: '4000',
  TIMING_FIRST_POLL_MS: '1000',
  TIMING_MAX_POLL_MS: '2000',
  TIMING_UPLOAD_WINDOW_MS: '2000',
  TIMING_UPLOAD_POLL_MS: '100',
  TIMING_TROUBLE_MS: '200',
  TIMING_MAX_TROUBLE_MS: '1000',
  WORKER_RECONCILE_EVERY_MS: '1000',
};

/** A kept store in processes of today's code. */
export interface RunningKeptStore {
  readonly kept: KeptStore;
  readonly redisUrl: string;
  readonly redis: Redis;
  readonly s3: OwnS3;
  /** It does not run yet. */
  readonly worker: AppProcess;
  /** Reads a generation by its name in the fixture. @throws Error if Redis has no entry of it. */
  find(name: string): Promise<GenerationView>;
  /** Waits until generations have these statuses. */
  reach(wanted: Readonly<Record<string, string>>): Promise<void>;
  readBill(): Promise<Map<string, BilledTask>>;
  /** Runs a command as an operator. @throws if it fails. */
  operate(...words: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Loads the store of a version into processes of today's code. @param erasers Names of the erasers; none when absent. */
export async function startKeptStore(version: KeptStoreVersion, erasers: readonly string[] = []): Promise<RunningKeptStore> {
  const kept = await readKeptStore(version);
  const { prefix, settings } = kept.expected;
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-kept-store-'));
  const [redisServer, s3] = [await reserveRedis({ dir: join(directory, 'redis') }), await reserveS3(join(directory, 's3'))];
  const redis = new Redis(redisServer.url, { lazyConnect: true, maxRetriesPerRequest: null });
  const closing = createClosing();
  closing.add(() => rm(directory, { recursive: true, force: true }));
  closing.add(async () => void (await Promise.all([redisServer.stop(), s3.stop()])));
  closing.add(() => redis.disconnect());
  try {
    await Promise.all([redisServer.start(), s3.start(), copyKeptProvider(kept, join(directory, 'emulator'))]);
    await redis.connect();
    await Promise.all([loadKeptRedis(kept, redis), loadKeptBucket(kept, s3)]);
    const { apiKey, webhookKeys, caps } = settings;
    const darkroom = await startDarkroom(
      {
        ...testPlace(directory),
        stores: { redisUrl: redisServer.url, prefix, s3 },
        apiKey,
        webhookKeys,
        emulator: {
          dir: join(directory, 'emulator'),
          faults: JSON.stringify({ executionMs: [20, 60], uploadDelayMs: [20, 60] }),
          seed: 'kept-store',
        },
        receivers: ['receiver'],
        workers: [],
        erasers,
        settingsOf: (_, app) => (app === 'eraser' ? { ERASER_EVERY_MS: '200' } : {}),
      },
      closing,
    );
    const worker = await darkroom.addWorker('worker', { ...caps, ...timing });
    const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    const find = async (name: string): Promise<GenerationView> => {
      const view = await store.find(kept.get(name).view.generationId);
      if (view === undefined) throw new Error(`generation "${name}" has no entry`);
      return view;
    };
    return {
      kept,
      redisUrl: redisServer.url,
      redis,
      s3,
      worker,
      find,
      reach: (wanted) =>
        eventually(
          async () => {
            const names = Object.keys(wanted);
            const statuses = await Promise.all(names.map(async (name) => [name, (await find(name)).status]));
            expect(Object.fromEntries(statuses)).toEqual(wanted);
          },
          { withinMs: 40_000, everyMs: 100 },
        ),
      readBill: () => readBilledTasks(darkroom.billFile),
      async operate(...words) {
        const { code, output } = await runApp('cli', words, worker.env);
        expect(code, `${words.join(' ')}: ${output}`).toBe(0);
      },
      stop: () => closeAtOnce(closing),
    };
  } catch (error) {
    await closeAtOnce(closing);
    throw error;
  }
}
