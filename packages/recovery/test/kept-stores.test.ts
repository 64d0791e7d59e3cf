import { randomUUID } from 'node:crypto';
import { createGenerationId, defaultTiming, parseStoredGrokImagineRequest, type ListedRecord } from '@darkroom/contracts';
import { buildGenerationStore, buildReadingStore } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { createSettlements, createSubmissions, jobIdOf } from '@darkroom/queues';
import {
  keptStoreVersions,
  loadKeptBucket,
  loadKeptRedis,
  readKeptStore,
  reserveRedis,
  startTestS3,
  type KeptGeneration,
  type KeptStoreVersion,
} from '@darkroom/testing';
import { Redis } from 'ioredis';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { rebuild } from '../src/index.ts';

const TEN_YEARS_SECONDS = 10 * 365 * 86_400;
const IMAGE_NANO_USD = 20_000_000;

/** A Redis of its own and a bucket, each with what the version wrote if it is to be loaded. */
async function setup(version: KeptStoreVersion, { loadRedis }: { loadRedis: boolean }) {
  const kept = await readKeptStore(version);
  const { prefix } = kept.expected;
  const server = await reserveRedis({ appendfsync: 'no' });
  await server.start();
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const s3 = await startTestS3();
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 10_000, maxImageBytes: 16 * 1024 * 1024 }, { now: Date.now });
  // Before the queues, which write their settings into an empty Redis.
  if (loadRedis) await loadKeptRedis(kept, redis);
  const [submissions, settlements] = [createSubmissions(redis, { prefix }), createSettlements(redis, { prefix })];
  onTestFinished(async () => {
    await Promise.all([submissions.close(), settlements.close()]);
    redis.disconnect();
    storage.close();
    await s3.stop();
    await server[Symbol.asyncDispose]();
  });
  await loadKeptBucket(kept, s3);
  // What ended stays for as long as the fixture is kept.
  const retention = { recordSeconds: TEN_YEARS_SECONDS, idempotencySeconds: TEN_YEARS_SECONDS };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  return { kept, redis, store, storage, submissions, settlements };
}

/** Knowledge of S3 about a generation: nothing without a sent submission. */
const wasSent = ({ submissions }: KeptGeneration): boolean => submissions.some(({ firstSentAt }) => firstSentAt !== undefined);

describe.skipIf(inject('redisKind') === 'js').each([...keptStoreVersions])('the store that %s wrote', (version) => {
  test('every generation and what is kept beside it is read from Redis as it was', async () => {
    const { kept, store } = await setup(version, { loadRedis: true });
    for (const [name, { view, submissions }] of Object.entries(kept.expected.generations)) {
      expect(await store.find(view.generationId), name).toMatchObject(view);
      expect(await store.findSubmissions(view.generationId), name).toMatchObject(submissions);
    }
    expect(await store.isInitialised()).toBe(true);
    expect(await store.pauses()).toEqual(
      expect.arrayContaining(kept.expected.pauses.map((pause) => expect.objectContaining(pause) as unknown)),
    );
    expect(await store.readUnknown(10)).toMatchObject(kept.expected.unknown);
    expect((await store.readSpend('acme')).map(({ capNanoUsd }) => capNanoUsd)).toEqual(
      ['all:day', 'all:month', 'tenant:day', 'tenant:month'].map((period) => Number(kept.expected.caps[period])),
    );
    const arrived = kept.get('open-arrived').view.generationId;
    expect(await store.newestDelivery({ generationId: arrived, index: 0, n: 1 })).toBeGreaterThan(0);
    const open = Object.values(kept.expected.generations).filter(({ view }) => ['queued', 'running'].includes(view.status));
    const listed: string[] = [];
    for await (const id of store.listOpen()) listed.push(id);
    expect(listed).toEqual(expect.arrayContaining(open.map(({ view }) => view.generationId)));
  });

  test('its idempotency keys still answer with the first generation', async () => {
    const { kept, store } = await setup(version, { loadRedis: true });
    for (const [idempotencyKey, name] of [
      ['order-1', 'succeeded-jpg'],
      ['order-2', 'succeeded-by-image-url'],
      ['order-3', 'open-running'],
      ['order-4', 'open-queued'],
    ] as const) {
      const { generationId: first, tenant, request: stored } = kept.get(name).view;
      const request = parseStoredGrokImagineRequest(stored);
      const repeated = { generationId: createGenerationId(Date.now()), tenant, request, imageNanoUsd: IMAGE_NANO_USD, idempotencyKey };
      expect(await store.enqueue(repeated), idempotencyKey).toMatchObject({ kind: 'replayed', generationId: first });
      expect(await store.enqueue({ ...repeated, generationId: first }), idempotencyKey).toMatchObject({
        kind: 'exists',
        generationId: first,
      });
    }
  });

  test('every record in S3 parses to what it says, and every image is the one that was verified', async () => {
    const { kept, storage } = await setup(version, { loadRedis: true });
    const listed: ListedRecord[] = [];
    for (const date of await storage.listRecordDates()) for await (const record of storage.listRecordsOfDate(date)) listed.push(record);
    const read = await Promise.all(
      listed.map((record) =>
        ({
          intent: () => storage.findIntent(record, record.round),
          result: () => storage.findResult(record),
          decision: () => storage.findDecision(record),
          amendment: () => storage.findAmendment(record),
        })[record.kind](),
      ),
    );
    const written = kept.objects.filter(({ key }) => key.startsWith('records/'));
    expect(listed).toHaveLength(written.length);
    for (const { key } of written) {
      const record = JSON.parse((await kept.readObject(key)).toString('utf8')) as object; // compared below, and not trusted
      expect(read, key).toContainEqual(expect.objectContaining(record));
    }
    const images = Object.values(kept.expected.generations).flatMap(({ view }) =>
      view.images.filter(({ status }) => status === 'succeeded'),
    );
    expect(images.length).toBeGreaterThan(0);
    for (const { image } of images) {
      const verified = image as { key: string; sizeBytes: number; sha256: string }; // present in each that succeeded
      expect(await storage.readVerified(verified)).toHaveLength(verified.sizeBytes);
    }
  });

  test('a rebuild of an empty Redis from its bucket brings back what was sent, its money and its jobs', async () => {
    const { kept, redis, store, storage, submissions, settlements } = await setup(version, { loadRedis: false });
    const waits = {
      park: settlements.park.bind(settlements),
      reviveSubmission: (ref: Parameters<typeof submissions.revive>[0]) => submissions.revive(ref),
    };
    const outcome = await rebuild(
      {
        store: { ...store, ...buildReadingStore({ prefix: kept.expected.prefix }, redis) },
        archive: storage,
        waits,
        settings: { timing: defaultTiming, maxSubmissions: 2 },
        now: Date.now,
      },
      {
        days: 3650,
        keptMs: TEN_YEARS_SECONDS * 1000,
        skipDamaged: false,
        createId: randomUUID,
        signal: new AbortController().signal,
        onProgress: () => undefined,
        onSums: () => undefined,
        onOpened: () => Promise.resolve(),
      },
    );
    const sent = Object.entries(kept.expected.generations).filter(([, generation]) => wasSent(generation));
    expect(outcome).toMatchObject({ kind: 'opened', done: { generations: sent.length }, damaged: [] });
    for (const [name, { view }] of sent) expect(await store.find(view.generationId), name).toMatchObject(asS3Knows(view));

    // The holds of what was sent; what was never sent is gone, and its holds with it.
    for (const [period, { settled = '0' }] of Object.entries(kept.expected.spend)) {
      const booked = await redis.hgetall(`${kept.expected.prefix}:spend:${period}`);
      const tenant = /^tenant:([^:]+):/.exec(period)?.[1];
      const held = sent
        .filter(([, { view }]) => tenant === undefined || view.tenant === tenant)
        .map(([, { view }]) => nanoUsd(view.reservedUsd));
      expect({ settled: booked['settled'] ?? '0', reserved: booked['reserved'] ?? '0' }, period).toEqual({
        settled,
        reserved: String(held.reduce((sum, amount) => sum + amount, 0)),
      });
    }
    for (const name of ['open-running', 'open-arrived', 'open-answer-lost', 'open-never-arrived'])
      expect(await settlements.queue.getJobState(jobIdOf({ generationId: kept.get(name).view.generationId, index: 0, n: 1 })), name).toBe(
        'delayed',
      );
  });
});

const nanoUsd = (usd: string): number => Math.round(Number(usd) * 1e9);

/** Returns a view less what S3 never heard of: a cancel, an acceptance, when Redis was told of an end. */
function asS3Knows({ finishedAt: _finishedAt, ...view }: KeptGeneration['view']): object {
  const wasCancelled = view.status === 'cancelled';
  return {
    ...view,
    ...(wasCancelled ? { status: 'succeeded', amended: false } : {}),
    images: view.images.map(({ settledAt: _settledAt, submissionStatus, ...image }) => ({
      ...image,
      submissionStatus: submissionStatus === 'accepted' ? 'committed' : submissionStatus,
    })),
  };
}
