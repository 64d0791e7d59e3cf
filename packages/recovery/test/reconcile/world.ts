import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { type FindingKind, type PassReport, buildReconcileStore, type NewGeneration } from '@darkroom/generation-store';
import { resultKey } from '@darkroom/object-storage';
import { jobIdOf } from '@darkroom/queues';
import type { Redis } from 'ioredis';
import { defaultReconcileSettings, reconcile, type Reconciler, type ReconcileOptions, type ReconcileSettings } from '../../src/index.ts';
import { startWorld, type End, type World as Stores } from '../world.ts';

export { IMAGE_NANO_USD, nextOf } from '../world.ts';
const HOUR_MS = 3_600_000;
/** Tells the wait between two looks from the others; no test waits here. */
const GRACE_MS = 1234;

/** A fleet that stands still, with its jobs: what a test does to it is all that happens. */
export interface World extends Omit<Stores, 'stop'>, AsyncDisposable {
  /** Enqueues a generation with its jobs. @returns its first submissions, by index. */
  enqueue(images?: number, given?: Partial<NewGeneration>): Promise<[SubmissionRef, ...SubmissionRef[]]>;
  /** Keeps an image of a submission in S3. */
  keep(ref: SubmissionRef): Promise<void>;
  /** Uploads something for it. */
  upload(ref: SubmissionRef): Promise<void>;
  /** Brings a submission home, S3 first, as a settlement does: its image, its record, its job. */
  finish(ref: SubmissionRef, how?: End): Promise<void>;
  /** Removes the record of its end from S3, as only damage would. */
  removeResult(ref: SubmissionRef): Promise<void>;
  /** Removes an object from S3, as only damage would. */
  removeObject(key: string): Promise<void>;
  submissionKey(ref: SubmissionRef): string;
  generationKey(ref: SubmissionRef): string;
  hold(ref: SubmissionRef): Promise<string | undefined>;
  /** Returns the sum on hold of each period of the ledger. */
  reserved(): Promise<Record<string, number>>;
  reconciler(given?: PassGiven): Reconciler;
  /** Makes one pass. @returns its report, and what it found in words. */
  pass(given?: PassGiven): Promise<PassReport & { summary: Partial<Record<FindingKind, string>> }>;
  /** Everything in Redis and the names of everything in S3, but for the counts of minutes and what a pass writes about itself. */
  everything(): Promise<Record<string, unknown>>;
}

export interface PassGiven extends Partial<ReconcileOptions> {
  settings?: Partial<ReconcileSettings>;
  /** Called when a pass waits between two looks. */
  betweenLooks?: () => Promise<void>;
  /** Replaced parts of the reconciler. */
  parts?: (reconciler: Reconciler) => Partial<Reconciler>;
}

export async function setup(s3AheadMs = 0): Promise<World> {
  const stores = await startWorld(s3AheadMs);
  await stores.begin();
  const { prefix, redis, store, storage, submissions, settlements } = stores;

  const reconciler: World['reconciler'] = ({ settings, betweenLooks, parts } = {}) => {
    const whole: Reconciler = {
      store: buildReconcileStore({ prefix }, redis),
      generations: store,
      archive: storage,
      submissions,
      settlements,
      recovery: stores.recovery,
      around: {
        now: Date.now,
        wait: async (ms) => {
          if (ms === GRACE_MS) await betweenLooks?.();
        },
        createHolder: randomUUID,
        note: () => undefined,
        progress: () => undefined,
      },
      // All keys are looked through only when a test asks for it.
      settings: { ...defaultReconcileSettings, thoroughEveryMs: Infinity, graceMs: GRACE_MS, ...settings },
    };
    return { ...whole, ...parts?.(whole) };
  };
  const keep: World['keep'] = async (ref) =>
    void (await storage.keepImage(ref, { format: 'JPG', contentType: 'image/jpeg' }, Buffer.from(`image of ${taskUuidOf(ref)}`)));

  const removeObject = async (key: string): Promise<void> => {
    const { s3 } = stores;
    const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials: s3.credentials, forcePathStyle: true });
    await client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: key }));
    client.destroy();
  };

  return {
    ...stores,
    async enqueue(images, given) {
      const refs = await stores.enqueue(images, given);
      await submissions.add(refs);
      return refs;
    },
    async send(ref) {
      const intent = await stores.send(ref);
      await settlements.park(ref, HOUR_MS, true);
      await submissions.queue.remove(jobIdOf(ref));
      return intent;
    },
    keep,
    async upload(ref) {
      const response = await fetch(await storage.presignUpload(ref, 60), {
        method: 'PUT',
        body: 'bytes',
        headers: { connection: 'close' },
      });
      await response.arrayBuffer();
    },
    async finish(ref, how = 'succeeded') {
      if (how === 'succeeded') await keep(ref);
      await stores.end(ref, how);
      await settlements.queue.remove(jobIdOf(ref));
    },
    removeResult: (ref) => removeObject(resultKey(ref)),
    removeObject,
    submissionKey: ({ generationId, index, n }) => `${prefix}:submission:${generationId}:${index}-${n}`,
    generationKey: ({ generationId }) => `${prefix}:generation:${generationId}`,
    hold: async (ref) => (await stores.submission(ref))['held'],
    reserved: async () => Object.fromEntries(Object.entries(await stores.ledger()).map(([period, { reserved }]) => [period, reserved])),
    reconciler,
    async pass({ signal = new AbortController().signal, isThorough = false, withImages = false, ...given } = {}) {
      const report = await reconcile(reconciler(given), { signal, isThorough, withImages });
      if (report === undefined) throw new Error('another pass has the turn');
      const summary = Object.fromEntries(
        Object.entries(report.findings).map(([kind, { repaired, named }]) => [
          kind,
          [repaired > 0 ? `${repaired} repaired` : '', named > 0 ? `${named} named` : ''].filter((text) => text !== '').join(', '),
        ]),
      );
      return { ...report, summary };
    },
    async everything() {
      const own = [`${prefix}:last-pass`, `${prefix}:reconcile-named`, `${prefix}:turn:reconcile`];
      // BullMQ notes its version when a queue is looked at.
      const keys = (await redis.keys(`${prefix}*`)).filter(
        (key) => !own.includes(key) && !key.endsWith(':meta') && !key.includes(':minute:'),
      );
      const values = keys.toSorted().map(async (key) => [key, await readKey(redis, key), (await redis.ttl(key)) > 0] as const);
      const objects: string[] = [];
      const today = new Date().toISOString().slice(0, 10);
      for await (const { kind, ...ref } of storage.listRecordsOfDate(today)) objects.push(`${kind} ${JSON.stringify(ref)}`);
      for await (const ref of storage.listImagesOfDate(today)) objects.push(`image ${JSON.stringify(ref)}`);
      for await (const { taskUUID } of storage.listUploads()) objects.push(`upload ${taskUUID}`);
      return { keys: await Promise.all(values), objects };
    },
    [Symbol.asyncDispose]: () => stores.stop(),
  };
}

async function readKey(redis: Redis, key: string): Promise<unknown> {
  // Its scores say when each place was last seen in use, which a pass notes.
  if (key.endsWith(':tasks-at-provider')) return redis.zrange(key, '0', '-1');
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key);
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES');
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'string':
      return redis.get(key);
    default:
      return undefined; // streams tell what happened, and are no state
  }
}
