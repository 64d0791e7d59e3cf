import {
  createGenerationId,
  defaultTiming,
  parseGrokImagineRequest,
  taskUuidOf,
  type Intent,
  type SubmissionResult,
} from '@darkroom/contracts';
import { buildGenerationStore, type GenerationStore } from '@darkroom/generation-store';
import { createObjectStorage, intentKey, resultKey } from '@darkroom/object-storage';
import { buildWaits, createSettlements, createSubmissions } from '@darkroom/queues';
import { uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { restoreForgotten } from '../src/index.ts';
import { startSlowBucket, type SlowBucket } from './slow-bucket.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const BUCKET = 'far-away';
const REQUEST_TAKES_MS = 30;
const IMAGE_NANO_USD = 20_000_000;
const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });

interface Case {
  rolledBackMs: number;
  open: number;
  /** Purchases of generations that were enqueued since: Redis knows nothing of them. Some five for each second, as long as that is few. */
  forgotten: number;
  /** Purchases of the day before, which are over and known, and not to be listed. */
  history: number;
  withinSeconds: number;
}

const cases: Case[] = [
  { rolledBackMs: 5 * SECOND, open: 1000, forgotten: 50, history: 50_000, withinSeconds: 10 },
  { rolledBackMs: 10 * MINUTE, open: 1000, forgotten: 600, history: 50_000, withinSeconds: 10 },
  { rolledBackMs: 10 * MINUTE, open: 1000, forgotten: 3000, history: 50_000, withinSeconds: 120 },
  { rolledBackMs: 30 * HOUR, open: 1000, forgotten: 3000, history: 0, withinSeconds: 60 },
  { rolledBackMs: 5 * SECOND, open: 100_000, forgotten: 50, history: 50_000, withinSeconds: 120 },
  { rolledBackMs: 30 * HOUR, open: 100_000, forgotten: 3000, history: 0, withinSeconds: 180 },
];
const table: Record<string, string | number>[] = [];

test.each(cases)(
  'after $rolledBackMs ms were forgotten, with $open open, buying goes on within $withinSeconds s',
  { timeout: 900_000 },
  async ({ rolledBackMs, open, forgotten, history, withinSeconds }) => {
    await using bucket = await startSlowBucket(BUCKET, REQUEST_TAKES_MS);
    await using world = await startWorld(bucket);
    const now = Date.now();
    const since = now - rolledBackMs;
    const enqueuedAt = (from: number, forMs: number, count: number, at: number): number => Math.floor(from + (forMs * at) / count);
    // Those that wait were enqueued in the hour before.
    for (let at = 0; at < open; at += 500)
      await Promise.all(
        Array.from({ length: Math.min(500, open - at) }, (_, more) => world.enqueue(enqueuedAt(since - HOUR, HOUR, open, at + more))),
      );
    for (let at = 0; at < history; at += 1) record(bucket, enqueuedAt(since - 24 * HOUR, 23.5 * HOUR, history, at));
    for (let at = 0; at < forgotten; at += 1) record(bucket, enqueuedAt(since, rolledBackMs, forgotten, at));

    const [startedAt, before] = [performance.now(), process.cpuUsage()];
    const { restored, compared } = await restoreForgotten(world.recovery, { since });
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(before);
    // of this process, which plays the bucket as well: on a busy machine the wall tells of others
    const cpuSeconds = (user + system) / 1e6;
    const { list, get } = bucket.requests;
    table.push({
      'rolled back s': rolledBackMs / 1000,
      open,
      forgotten,
      history,
      seconds: seconds.toFixed(1),
      'cpu s': cpuSeconds.toFixed(1),
      lists: list,
      gets: get,
      compared,
    });
    console.info(
      table
        .map((row) =>
          Object.entries(row)
            .map(([name, value]) => `${name} ${value}`)
            .join(' | '),
        )
        .join('\n'),
    );
    expect(restored).toHaveLength(forgotten);
    const settled = (await world.store.readSpend()).map(({ settledNanoUsd }) => settledNanoUsd);
    expect(Math.max(...settled)).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(withinSeconds);
  },
);

/** Writes what a purchase that came home leaves in the bucket. */
function record(bucket: SlowBucket, createdAt: number): void {
  const ref = { generationId: createGenerationId(createdAt), index: 0, n: 1 };
  const day = new Date(createdAt).toISOString().slice(0, 10);
  const periods = [`all:day:${day}`, `all:month:${day.slice(0, 7)}`, `tenant:acme:day:${day}`, `tenant:acme:month:${day.slice(0, 7)}`];
  const common = { version: 1 as const, ...ref, taskUUID: taskUuidOf(ref), reservation: { amountNanoUsd: IMAGE_NANO_USD, periods } };
  const intent: Intent = { ...common, round: 0, firstSentAt: createdAt, tenant: 'acme', images: 1, createdAt, request: { ...request } };
  const result: SubmissionResult = {
    ...common,
    status: 'succeeded',
    settledAt: createdAt + SECOND,
    costSource: 'reported',
    costNanoUsd: IMAGE_NANO_USD,
    road: 'upload',
    image: {
      key: 'images/1.jpg',
      format: 'JPG',
      contentType: 'image/jpeg',
      width: 1024,
      height: 1024,
      sizeBytes: 1000,
      sha256: 'a'.repeat(64),
    },
  };
  bucket.put(intentKey(ref, 0), JSON.stringify(intent));
  bucket.put(resultKey(ref), JSON.stringify(result));
}

async function startWorld({ endpoint }: SlowBucket) {
  const prefix = uniquePrefix();
  const redis = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const retention = { recordSeconds: 3600, idempotencySeconds: 172_800 };
  const store: GenerationStore = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 10, burst: 10 } }, redis);
  const storage = createObjectStorage(
    {
      endpoint,
      region: 'us-east-1',
      bucket: BUCKET,
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
      requestTimeoutMs: 10_000,
      maxImageBytes: 1024,
    },
    { now: Date.now },
  );
  const submissions = createSubmissions(redis, { prefix });
  const settlements = createSettlements(redis, { prefix });
  await store.setCaps({ allPerDay: 1_000_000 * IMAGE_NANO_USD });
  await store.initialise('epoch');
  return {
    store,
    recovery: {
      store,
      archive: storage,
      waits: buildWaits(submissions, settlements),
      settings: { timing: defaultTiming, maxSubmissions: 2 },
      now: Date.now,
    },
    /** Waits since that moment, however long ago. */
    enqueue: (createdAt: number) =>
      store.restore({
        generationId: createGenerationId(createdAt),
        tenant: 'acme',
        request,
        imageNanoUsd: IMAGE_NANO_USD,
        createdAt,
        submissions: [{ index: 0, n: 1, failures: 0 }],
      }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([submissions.close(), settlements.close()]);
      for await (const page of redis.scanStream({ match: `${prefix}*`, count: 5000 }))
        if ((page as string[]).length > 0) await redis.unlink(...(page as string[]));
      await redis.quit();
      storage.close();
    },
  };
}
