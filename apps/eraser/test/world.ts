import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createGenerationId,
  defaultTiming,
  formatDimensions,
  knownModels,
  modelOf,
  parseGrokImagineRequest,
  taskUuidOf,
  type SubmissionRef,
  type SubmissionResult,
} from '@darkroom/contracts';
import {
  buildErasingStore,
  buildGenerationStore,
  buildReconcileStore,
  connectPatient,
  defaultRetention,
  type KeptDays,
  type NewGeneration,
} from '@darkroom/generation-store';
import { createErasingStorage, createObjectStorage, intentKey, stagingKey } from '@darkroom/object-storage';
import { createLogger, silentLogger } from '@darkroom/service-runtime';
import { startTestS3, uniquePrefix } from '@darkroom/testing';
import { inject, onTestFinished } from 'vitest';
import { createErasingByAge, type ByAgeParts } from '../src/erase-by-age.ts';
import { advanceBulk, type BulkParts } from '../src/advance-bulk.ts';
import { createEraser } from '../src/app.ts';
import { sweepErasures, type SweepParts } from '../src/sweep-erasures.ts';

type Parts = SweepParts & BulkParts & Omit<ByAgeParts, 'kept' | 'elapsed'>;

/** Words that no object and no key may hold after an erasure. */
export const PROMPT = 'a very secret lighthouse';
const BYTES = 'the bytes of a very secret image';
const INLINE = 'data:image/png;base64,c2VjcmV0LXJlZmVyZW5jZQ==';
/** A request of which nothing may be left. */
export const secretRequest = () => parseGrokImagineRequest({ positivePrompt: PROMPT, inputs: { referenceImages: [INLINE] } });
const AMOUNT = 20_000_000;
const DAY_MS = 86_400_000;

/** Starts a bucket beside the Redis of this run, with a store that belongs to it. The end of the test stops everything. */
export async function setup() {
  const s3Clock = { behindMs: 0 };
  const s3 = await startTestS3({ clock: () => Date.now() - s3Clock.behindMs });
  const prefix = uniquePrefix();
  const url = inject('redisUrl');
  const redis = connectPatient(url);
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const { bucket, region, endpoint, credentials } = s3;
  const config = { bucket, region, endpoint, credentials };
  const storage = createObjectStorage({ ...config, requestTimeoutMs: 10_000, maxImageBytes: 1024 }, { now: Date.now });
  const erasing = createErasingStorage({ ...config, requestTimeoutMs: 10_000 });
  const ownerId = randomUUID();
  const escaped = prefix.replaceAll(/[{}]/g, String.raw`\$&`);
  onTestFinished(async () => {
    storage.close();
    erasing.close();
    redis.disconnect();
    await s3.stop();
  });

  /** Buys the one image of a generation; with `isHome` it is kept and settled. @param isEarlier Its request names no owner, as in an earlier version. */
  async function buy(given: Partial<NewGeneration> = {}, isHome = true, isEarlier = false): Promise<SubmissionRef> {
    const request = secretRequest();
    const generationId = createGenerationId(Date.now());
    await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: AMOUNT, idempotencyKey: randomUUID(), ...given });
    const ref = { generationId, index: 0, n: 1 };
    const commitment = await store.commit(ref, randomUUID());
    if (commitment.kind === 'stop') throw new Error(commitment.reason);
    const { provider, model, tenant, createdAt } = commitment.intent;
    const owner = isEarlier ? {} : { tenant, createdAt };
    const recorded = await storage.recordRequest({
      generationId,
      provider,
      model,
      request: commitment.request,
      ...owner,
      ...commitment.labels,
    });
    if (recorded.kind !== 'kept') throw new Error(recorded.kind);
    await storage.recordIntent({ ...commitment.intent, requestDigest: recorded.requestDigest });
    await store.recordVerdict(ref, commitment.send, 'accepted');
    await s3.put(stagingKey(ref), BYTES);
    await store.recordDelivery(ref, { body: `{"imageURL":"https://im.runware.ai/${BYTES}"}` });
    if (isHome) await bringHome(ref);
    return ref;
  }

  async function bringHome(ref: SubmissionRef): Promise<void> {
    const { key } = { key: `images/${ref.generationId}/0-1.jpg` };
    await storage.keepImage(ref, { format: 'JPG', contentType: 'image/jpeg' }, Buffer.from(BYTES));
    await storage.quarantine(ref, Buffer.from(BYTES));
    const result: SubmissionResult = {
      version: 1,
      ...ref,
      taskUUID: taskUuidOf(ref),
      status: 'succeeded',
      settledAt: Date.now(),
      costSource: 'reported',
      costNanoUsd: AMOUNT,
      reservation: { amountNanoUsd: AMOUNT, periods: [] },
      image: { key, format: 'JPG', contentType: 'image/jpeg', width: 1, height: 1, sizeBytes: BYTES.length, sha256: 'a'.repeat(64) },
      road: 'upload',
    };
    await storage.recordResult(result);
    await store.settle(ref, { result, code: '', countsAsFailure: false, mayResubmit: false, maxSubmissions: 2 });
  }

  async function readObjects(): Promise<{ key: string; blob: string }[]> {
    const files = await readdir(s3.dir, { recursive: true, withFileTypes: true });
    const objects = files.filter((entry) => entry.isFile() && entry.parentPath.endsWith('objects'));
    const texts = await Promise.all(objects.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')));
    return texts.map((text) => JSON.parse(text) as { key: string; blob: string }); // as the server writes it
  }

  const parts = { store: buildErasingStore({ prefix }, redis), storage: erasing };
  const buildParts = (): Parts => ({
    ...parts,
    timing: defaultTiming,
    logger: silentLogger,
    signal: new AbortController().signal,
    onErased: () => undefined,
  });

  /** Enqueues a generation of which nothing is bought. */
  async function enqueue(tenant: string): Promise<SubmissionRef> {
    const generationId = createGenerationId(Date.now());
    await store.enqueue({ generationId, tenant, request: secretRequest(), imageNanoUsd: AMOUNT });
    return { generationId, index: 0, n: 1 };
  }

  /** Moves the clock of S3. The first request afterwards is refused, and its client then goes by that clock. */
  async function setS3Clock(behindMs: number): Promise<void> {
    s3Clock.behindMs = behindMs;
    await storage.checkAccess().catch(() => undefined);
  }

  /** Keeps a generation in S3 alone, as if its end had come days ago. @param isEarlier With the request in its intent, as an earlier version did. */
  async function keepOld(daysAgo: number, tenant = 'acme', isEarlier = false): Promise<SubmissionRef> {
    await setS3Clock(daysAgo * DAY_MS);
    const [at, request] = [Date.now() - s3Clock.behindMs, secretRequest()];
    const ref = { generationId: createGenerationId(at), index: 0, n: 1 };
    const reservation = { amountNanoUsd: AMOUNT, periods: [] };
    const shared = { ...ref, taskUUID: taskUuidOf(ref), round: 0, firstSentAt: at, tenant, images: 1, createdAt: at, reservation };
    const { provider, model, expected, request: outline } = modelOf(knownModels, request).outline(request);
    if (isEarlier) await storage.recordIntent({ version: 1, ...shared, request: { ...request } });
    else {
      const recorded = await storage.recordRequest({ generationId: ref.generationId, provider, model, request, tenant, createdAt: at });
      if (recorded.kind !== 'kept') throw new Error(recorded.kind);
      const { outputFormat } = expected;
      const form = { provider, model, outputFormat, dimensions: formatDimensions(expected.dimensions), outline };
      await storage.recordIntent({ version: 2, ...shared, ...form, requestDigest: recorded.requestDigest });
    }
    await storage.keepImage(ref, { format: 'JPG', contentType: 'image/jpeg' }, Buffer.from(BYTES));
    await storage.recordResult({
      version: 1,
      ...ref,
      taskUUID: shared.taskUUID,
      status: 'failed',
      settledAt: at,
      costSource: 'none',
      reservation,
    });
    await setS3Clock(0);
    return ref;
  }

  return {
    s3,
    store,
    storage,
    keepOld,
    enqueue,
    /** Writes rules of a tenant, as the command of operators does. */
    ruleTenant: async (tenant: string, days: Record<string, number>): Promise<void> => {
      await redis.hset(`${prefix}:tenant-rules:${tenant}`, { ...days, revision: 1 });
      await redis.sadd(`${prefix}:tenants-with-rules`, tenant);
    },
    loseRules: (tenant: string) => redis.del(`${prefix}:tenant-rules:${tenant}`),
    /** Erases by age with these days, until nothing is left to do at once. @returns the number of its pages. */
    async eraseByAge(kept: KeptDays, all: Parts = buildParts()): Promise<number> {
      const byAge = createErasingByAge({ ...all, kept, elapsed: () => performance.now() });
      for (let pages = 0; ; pages += 1) {
        const isUnderWay = await byAge.advance();
        if (!(await sweepErasures(all)) && !isUnderWay) return pages;
      }
    },
    erasing: parts,
    reconcile: buildReconcileStore({ prefix }, redis),
    buy,
    bringHome,
    /** Reads the ledger, by period. */
    async ledger(): Promise<Record<string, Record<string, string>>> {
      const keys = (await redis.keys(`${escaped}:spend:*`)).toSorted();
      return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await redis.hgetall(key)] as const)));
    },
    /** Counts the events that say that a generation was erased. */
    countErased: async (generationId: string): Promise<number> =>
      (await redis.xrange(`${prefix}:event-log`, '-', '+')).filter(
        ([, fields]) => fields.includes('generation.erased') && fields.includes(generationId),
      ).length,
    /** Makes Redis let go of an entry, as it does a week after the end. */
    forgetEntry: async (generationId: string): Promise<void> => {
      const key = `${prefix}:generation:${generationId}`;
      const of = `${generationId}:0-1`;
      await redis.del(key, `${key}:request`, `${prefix}:submission:${of}`, `${prefix}:deliveries:${of}`);
    },
    /** Writes fields of an entry, as an earlier version did. */
    changeEntry: async (generationId: string, fields: Record<string, string>, without: readonly [string, ...string[]]): Promise<void> => {
      await redis.hset(`${prefix}:generation:${generationId}`, fields);
      await redis.hdel(`${prefix}:generation:${generationId}`, ...without);
    },
    /** Puts a value of another type under a key. */
    retype: async (key: string): Promise<void> => {
      await redis.del(`${prefix}:${key}`);
      await redis.set(`${prefix}:${key}`, 'of another type');
    },
    changeErasure: async (id: string, fields: Record<string, string>): Promise<void> =>
      void (await redis.hset(`${prefix}:erasure:${id}`, fields)),
    /** Sweeps and advances until nothing is left to do at once. */
    async eraseAll(parts: Parts = buildParts()): Promise<void> {
      for (;;) {
        const isLeft = await sweepErasures(parts);
        if (!(await advanceBulk(parts)) && !isLeft) return;
      }
    },
    buildParts,
    /** Makes Redis one that was not compared with S3, as after a restart. */
    forgetComparison: async (): Promise<void> => void (await redis.del(`${prefix}:server-run`)),
    async compare(): Promise<void> {
      await store.confirmComparison(await store.readServerRun());
    },
    damageIntent: (ref: SubmissionRef): Promise<void> => s3.put(intentKey(ref, 0), `{ "prompt": "${PROMPT}"`),
    /** Opens the store, as the first worker does. @param owner Of the bucket; the owner of the store when absent. */
    async open(owner: string = ownerId) {
      await storage.recordOwner({ version: 1, id: owner, prefix, at: 0, epoch: 'epoch' });
      await store.setCaps({ allPerDay: 1000 * AMOUNT });
      await store.initialise('epoch', ownerId);
    },
    /** Returns the keys of Redis and the objects of S3 that hold one of the secret words. */
    async findSecrets(words: readonly string[] = [PROMPT, BYTES, 'c2VjcmV0LXJlZmVyZW5jZQ']): Promise<string[]> {
      const found: string[] = [];
      const look = (where: string, text: string): void => {
        for (const word of words) if (text.includes(word)) found.push(`${where}: ${word}`);
      };
      for (const key of await redis.keys(`${escaped}:*`)) {
        look(key, key);
        look(key, (await redis.dumpBuffer(key))?.toString('latin1') ?? '');
        // A dump may be compressed.
        if ((await redis.type(key)) === 'hash') look(key, JSON.stringify(await redis.hgetall(key)));
      }
      for (const entry of await readdir(s3.dir, { recursive: true, withFileTypes: true }))
        if (entry.isFile()) look(entry.name, await readFile(join(entry.parentPath, entry.name), 'latin1'));
      return found.toSorted();
    },
    /** Returns the keys of all objects. */
    keys: async (): Promise<string[]> => (await readObjects()).map(({ key }) => key),
    /** Copies the bucket. @returns a function that puts it back as the copy says, as into a new bucket. */
    async copyBucket(): Promise<() => Promise<void>> {
      const copied = await readObjects();
      const bytes = await Promise.all(copied.map(({ blob }) => readFile(join(s3.dir, 'buckets', bucket, 'blobs', blob))));
      return async () => {
        for (const [at, { key }] of copied.entries()) await s3.put(key, bytes[at] ?? '');
      };
    },
    async startEraser({ redisUrl = url } = {}) {
      const lines: string[] = [];
      const eraser = createEraser(
        {
          redis: { url: redisUrl, prefix },
          darkroom: { id: undefined },
          s3: config,
          timing: defaultTiming,
          eraser: { everyMs: 100, kept: {} },
          log: { level: 'debug', logPrompts: false },
          listen: { host: '127.0.0.1', port: 0 },
        },
        { logger: createLogger({ name: 'test', level: 'debug' }, { write: (line) => void lines.push(line) }) },
      );
      onTestFinished(() => eraser.stop());
      await eraser.start();
      const ask = async (path: string) => {
        const response = await fetch(eraser.url() + path, { headers: { connection: 'close' } });
        return { status: response.status, body: await response.text() };
      };
      return { eraser, ask, lines };
    },
  };
}

export type World = Awaited<ReturnType<typeof setup>>;
