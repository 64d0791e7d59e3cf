import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultTiming, type GenerationStatus, type GenerationSummary } from '@darkroom/contracts';
import { buildGenerationStore, buildReadingStore } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { createProducer, type ListOptions } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import { rebuild } from '@darkroom/recovery';
import { eventually, keptStoreVersions, startKeptStore, type KeptStoreVersion, type RunningKeptStore } from '@darkroom/testing';
import { describe, expect, inject, onTestFinished, test } from 'vitest';

const LIMIT = { withinMs: 60_000 };
/** Ended generations stay for as long as the fixture is kept. */
const TEN_YEARS_SECONDS = 10 * 365 * 86_400;

/** Starts the store of a version with a producer and an eraser, and lets the worker bring home what was open. */
async function setup(version: KeptStoreVersion) {
  const world = await startKeptStore(version, ['eraser']);
  onTestFinished(world.stop);
  const { kept, redisUrl, s3, worker, operate, reach } = world;
  const producer = createProducer({ redisUrl, prefix: kept.expected.prefix });
  const { endpoint, region, bucket, credentials } = s3;
  const images = createImages({ endpoint, region, bucket, credentials });
  onTestFinished(async () => {
    images.close();
    await producer.close();
  });
  await worker.start();
  await operate('resume', '--kind', 'operator');
  await reach({ 'open-running': 'succeeded', 'open-arrived': 'succeeded', 'open-queued': 'succeeded', 'waiting-soon': 'succeeded' });
  await reach({ 'open-answer-lost': 'succeeded', 'open-never-arrived': 'failed', 'open-queued-deadline': 'expired' });
  return {
    ...world,
    producer,
    images,
    idOf: (name: string): string => kept.get(name).view.generationId,
    /** Reads every page of a list. */
    async list(options: ListOptions = {}): Promise<GenerationSummary[]> {
      const all: GenerationSummary[] = [];
      for (let cursor: string | undefined, more = true; more;) {
        const page = await producer.list({ ...options, limit: 7, ...(cursor !== undefined && { cursor }) });
        all.push(...page.generations);
        cursor = page.nextCursor;
        more = cursor !== undefined;
      }
      return all;
    },
  };
}

/** Reads every object of the bucket. */
async function readObjects({ s3 }: RunningKeptStore): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  for (const name of await readdir(join(s3.bucketDir, 'objects'))) {
    const { key, blob } = JSON.parse(await readFile(join(s3.bucketDir, 'objects', name), 'utf8')) as { key: string; blob: string }; // as the server writes it
    objects.set(key, await readFile(join(s3.bucketDir, 'blobs', blob)));
  }
  return objects;
}

/** Rebuilds an emptied Redis from the bucket, and keeps what ended. */
async function rebuildAll({ kept, redis, s3 }: RunningKeptStore): Promise<void> {
  const { prefix } = kept.expected;
  await redis.flushall();
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 10_000, maxImageBytes: 16 * 1024 * 1024 }, { now: Date.now });
  const [submissions, settlements] = [createSubmissions(redis, { prefix }), createSettlements(redis, { prefix })];
  const retention = { recordSeconds: TEN_YEARS_SECONDS, idempotencySeconds: TEN_YEARS_SECONDS };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  try {
    const outcome = await rebuild(
      {
        store: { ...store, ...buildReadingStore({ prefix }, redis) },
        archive: storage,
        waits: { park: settlements.park.bind(settlements), reviveSubmission: (ref) => submissions.revive(ref) },
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
    expect(outcome).toMatchObject({ kind: 'opened', damaged: [] });
  } finally {
    await Promise.all([submissions.close(), settlements.close()]);
    storage.close();
  }
}

const finals: GenerationStatus[] = ['succeeded', 'partial', 'failed', 'cancelled', 'expired'];

describe.skipIf(inject('redisKind') === 'js').each([...keptStoreVersions])('the store that %s wrote', (version) => {
  test('is listed, retried, erased and rebuilt by this version', async () => {
    const world = await setup(version);
    const { kept, redis, producer, images, worker, find, list, idOf } = world;
    const names = Object.keys(kept.expected.generations);

    // It had no lists: the reconciler of the worker writes them.
    await eventually(async () => expect(await list()).toHaveLength(names.length), LIMIT);
    const views = new Map(await Promise.all(names.map(async (name) => [name, await find(name)] as const)));
    const idsWith = (wanted: (name: string) => boolean): string[] => names.filter(wanted).map(idOf).toSorted();
    const idsOf = (all: readonly GenerationSummary[]): string[] => all.map(({ generationId }) => generationId).toSorted();
    expect(idsOf(await list())).toEqual(idsWith(() => true));
    for (const status of finals)
      expect(idsOf(await list({ status })), status).toEqual(idsWith((name) => views.get(name)?.status === status));
    for (const tenant of ['acme', 'globex'])
      expect(idsOf(await list({ tenant })), tenant).toEqual(idsWith((name) => views.get(name)?.tenant === tenant));
    expect(idsOf(await list({ code: 'provider.content-refused' }))).toEqual(
      idsWith((name) => views.get(name)?.images.some(({ fault }) => fault?.code === 'provider.content-refused') === true),
    );
    expect(idsOf(await list({ finishedFrom: Date.UTC(2026, 0, 1) }))).toEqual(idsWith((name) => views.get(name)?.finishedAt !== undefined));
    for (const summary of await list())
      expect(summary).toMatchObject({ provider: 'runware', model: 'xai:grok-imagine@image', costUsd: expect.any(String) as string });

    // What failed for good is bought again, and what was paid for is not.
    const retried = await producer.retry(idOf('failed-twice'));
    expect(retried).toMatchObject({ created: true, retryOf: idOf('failed-twice'), replaces: [0] });
    const again = await producer.wait(retried.generationId, { timeoutMs: 60_000 });
    expect(again).toMatchObject({ status: 'succeeded', tenant: 'globex', retryOf: idOf('failed-twice') });
    expect((await images.image(again, 0).bytes()).length).toBe(again.images[0]?.image?.sizeBytes);
    expect(await producer.retry(idOf('failed-twice'))).toMatchObject({ created: false, generationId: retried.generationId });
    for (const [name, code] of [
      ['lost-with-quarantine', 'retry.lost-image'],
      ['unknown', 'retry.unknown-outcome'],
      ['succeeded-jpg', 'retry.already-succeeded'],
    ] as const)
      await expect(producer.retry(idOf(name), { images: [0] }), name).rejects.toMatchObject({ code });

    // Its intents hold prompts: they are written anew without.
    const erased = ['succeeded-jpg', 'second-round', 'failed-content'];
    const bytes = erased.flatMap((name) => views.get(name)?.images.flatMap(({ image }) => image?.sha256 ?? []) ?? []);
    expect(bytes).toHaveLength(2);
    for (const name of erased) await producer.erase(idOf(name));
    for (const name of erased)
      await eventually(async () => expect((await producer.erasure(idOf(name))).status, name).toBe('erased'), LIMIT);
    const findLeft = async (): Promise<string[]> => {
      const left: string[] = [];
      const prompts = erased.map((name) => `"kept store: ${name}"`);
      for (const [key, content] of await readObjects(world)) {
        if (prompts.some((prompt) => content.includes(prompt))) left.push(`${key} holds a prompt`);
        if (bytes.includes(createHash('sha256').update(content).digest('hex'))) left.push(`${key} holds an image`);
      }
      for (const key of await redis.keys('*')) {
        const dump = (await redis.dumpBuffer(key)) ?? Buffer.alloc(0);
        if (prompts.some((prompt) => dump.includes(prompt.slice(1, -1)))) left.push(`${key} holds a prompt`);
      }
      return left;
    };
    expect(await findLeft()).toEqual([]);
    for (const name of erased) await expect(producer.get(idOf(name)), name).rejects.toMatchObject({ code: 'generation.erased' });
    expect(idsOf(await list())).toEqual([...idsWith(() => true), retried.generationId].toSorted());

    await worker.stop();
    await rebuildAll(world);
    for (const name of erased) await expect(producer.get(idOf(name)), name).rejects.toMatchObject({ code: 'generation.erased' });
    expect(await findLeft()).toEqual([]);
    expect(await producer.get(retried.generationId)).toMatchObject({ status: 'succeeded', retryOf: idOf('failed-twice'), replaces: [0] });
    // What was never sent left nothing in S3.
    const wasSent = (name: string): boolean => views.get(name)?.images.some(({ status }) => status !== 'open') === true;
    const unsent = ['cancelled-unsent', 'expired', 'open-queued-deadline'];
    const rebuilt = await list();
    expect(idsOf(rebuilt)).toEqual([...idsWith((name) => wasSent(name) && !unsent.includes(name)), retried.generationId].toSorted());
    for (const summary of rebuilt) {
      const name = names.find((each) => idOf(each) === summary.generationId);
      if (name === undefined || name.startsWith('cancelled')) continue;
      expect(summary, name).toMatchObject({ status: views.get(name)?.status, costUsd: views.get(name)?.costUsd });
    }
  });
});
