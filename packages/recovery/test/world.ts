import { randomUUID } from 'node:crypto';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  createGenerationId,
  defaultTiming,
  parseGrokImagineRequest,
  taskUuidOf,
  type PresentIntent,
  type SubmissionRef,
  type SubmissionResult,
} from '@darkroom/contracts';
import { buildGenerationStore, type GenerationStore, type NewGeneration } from '@darkroom/generation-store';
import { createObjectStorage, type ObjectStorage } from '@darkroom/object-storage';
import { consequencesOf } from '@darkroom/purchase';
import { buildWaits, createSettlements, createSubmissions, jobIdOf, type Settlements, type Submissions } from '@darkroom/queues';
import { recordPurchase, startTestS3, uniquePrefix, type TestS3 } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import type { Recovery } from '../src/index.ts';

export const IMAGE_NANO_USD = 20_000_000;
const MAX_SUBMISSIONS = 2;

/** End of a submission. */
export type End = 'succeeded' | 'failed' | 'refused' | 'lost' | 'unknown';

export interface EndOptions {
  amendment?: boolean;
  decision?: boolean;
  /** S3 alone hears of it. */
  forgotten?: boolean;
  /** Age of the end. */
  agoMs?: number;
  /** Verdict of the content check. */
  nsfwContent?: boolean;
}

export interface Spend {
  reserved: number;
  settled: number;
}

/** A store, a bucket and the queues, all real; the test plays the buyer. */
export interface World {
  readonly prefix: string;
  readonly redis: Redis;
  readonly s3: TestS3;
  readonly store: GenerationStore;
  readonly storage: ObjectStorage;
  readonly submissions: Submissions;
  readonly settlements: Settlements;
  readonly recovery: Recovery;
  newGeneration(images?: number, given?: Partial<NewGeneration>): NewGeneration;
  /** Enqueues a generation. @returns its first submissions, by index. */
  enqueue(images?: number, given?: Partial<NewGeneration>): Promise<[SubmissionRef, ...SubmissionRef[]]>;
  /** Commits and writes the intent, as a worker does before it sends. */
  commit(ref: SubmissionRef): Promise<{ send: number; intent: PresentIntent }>;
  /** Sends it, and the provider accepts it. */
  send(ref: SubmissionRef): Promise<PresentIntent>;
  /** Writes its end to S3, and tells Redis if it is not to be forgotten. */
  end(ref: SubmissionRef, how: End, options?: EndOptions): Promise<SubmissionResult>;
  submission(ref: SubmissionRef): Promise<Record<string, string>>;
  /** The ledger, by period. */
  ledger(): Promise<Record<string, Spend>>;
  /** The state of the job of a submission in a queue; "unknown" without one. */
  jobOf(queue: 'submissions' | 'settlements', ref: SubmissionRef): Promise<string>;
  /** Writes an object past the storage, as damage would. */
  plant(key: string, text: string): Promise<void>;
  /** Everything under the prefix is gone, jobs and epoch included, but the caps: every comparison and rebuild brings those back first. */
  wipe(): Promise<void>;
  /** Empties Redis, and opens a store in it. */
  begin(): Promise<void>;
  stop(): Promise<void>;
}

export const nextOf = (ref: SubmissionRef): SubmissionRef => ({ ...ref, n: ref.n + 1 });

/** @param s3AheadMs How far the clock of S3 is ahead of Redis time. */
export async function startWorld(s3AheadMs: number | (() => number) = 0): Promise<World> {
  const s3 = await startTestS3(
    s3AheadMs === 0 ? {} : { clock: () => Date.now() + (typeof s3AheadMs === 'number' ? s3AheadMs : s3AheadMs()) },
  );
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 10_000, maxImageBytes: 1024 }, { now: Date.now });
  const redis = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const prefix = uniquePrefix();
  const retention = { recordSeconds: 600, idempotencySeconds: 172_800 };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 10, burst: 10 } }, redis);
  const submissions = createSubmissions(redis, { prefix });
  const settlements = createSettlements(redis, { prefix });
  let ends = 0;

  const newGeneration: World['newGeneration'] = (images = 1, given = {}) => ({
    generationId: createGenerationId(Date.now()),
    tenant: 'acme',
    request: parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: images, clientReference: randomUUID() }),
    imageNanoUsd: IMAGE_NANO_USD,
    ...given,
  });
  const commit: World['commit'] = async (ref) => {
    const commitment = await store.commit(ref, `token-${Math.random()}`);
    if (commitment.kind === 'stop') throw new Error(`the commit was stopped: ${commitment.reason}`);
    return { ...commitment, intent: await recordPurchase(storage, commitment) };
  };
  const keys = async (pattern = '*'): Promise<string[]> => {
    const found: string[] = [];
    for await (const page of redis.scanStream({ match: `${prefix}${pattern}`, count: 1000 })) found.push(...(page as string[]));
    return found;
  };

  /** In one script, as FLUSHALL is one command: a restore that runs meanwhile finds all of its keys or none. */
  const wipe = async (): Promise<void> => {
    const script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do if key ~= ARGV[2] then redis.call('DEL', key) end end";
    await redis.eval(script, 0, `${prefix}*`, `${prefix}:caps`);
  };

  return {
    prefix,
    redis,
    s3,
    store,
    storage,
    submissions,
    settlements,
    recovery: {
      store,
      archive: storage,
      waits: buildWaits(submissions, settlements),
      settings: { timing: defaultTiming, maxSubmissions: MAX_SUBMISSIONS },
      now: Date.now,
    },
    newGeneration,
    enqueue: async (images = 1, given = {}) => {
      const { generationId } = await store.enqueue(newGeneration(images, given));
      const refs = Array.from({ length: images - 1 }, (_, at) => ({ generationId, index: at + 1, n: 1 }));
      return [{ generationId, index: 0, n: 1 }, ...refs];
    },
    commit,
    send: async (ref) => {
      const { send, intent } = await commit(ref);
      await store.recordVerdict(ref, send, 'accepted');
      return intent;
    },
    end: async (ref, how, { amendment = false, decision = false, forgotten = false, agoMs = 0, ...facts } = {}) => {
      const { amountNanoUsd, periods } = (await store.beginSettlement(ref))?.reservation ?? { amountNanoUsd: 0, periods: [] };
      ends += 1;
      const result: SubmissionResult = {
        version: 1,
        ...ref,
        taskUUID: taskUuidOf(ref),
        settledAt: Date.now() - agoMs + ends,
        reservation: { amountNanoUsd, periods },
        ...outcomeOf(ref, how),
        ...facts,
      };
      await (amendment ? storage.recordAmendment(result) : decision ? storage.recordDecision(result) : storage.recordResult(result));
      if (!forgotten) await store.settle(ref, consequencesOf(result, MAX_SUBMISSIONS));
      return result;
    },
    submission: ({ generationId, index, n }) => redis.hgetall(`${prefix}:submission:${generationId}:${index}-${n}`),
    ledger: async () => {
      const periods = await keys(':spend:*');
      const entries = periods.map(async (key): Promise<[string, Spend]> => {
        const [reserved, settled] = await redis.hmget(key, 'reserved', 'settled');
        return [key.slice(`${prefix}:spend:`.length), { reserved: Number(reserved ?? 0), settled: Number(settled ?? 0) }];
      });
      return Object.fromEntries(await Promise.all(entries));
    },
    jobOf: (queue, ref) => (queue === 'submissions' ? submissions : settlements).queue.getJobState(jobIdOf(ref)),
    plant: async (key, text) => {
      const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials: s3.credentials, forcePathStyle: true });
      await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: key, Body: Buffer.from(text) }));
      client.destroy();
    },
    wipe,
    begin: async () => {
      await wipe();
      await store.setCaps({ allPerDay: 10_000 * IMAGE_NANO_USD });
      await store.initialise('epoch');
    },
    async stop() {
      await Promise.all([submissions.close(), settlements.close()]);
      await redis.quit();
      storage.close();
      await s3.stop();
    },
  };
}

function outcomeOf(
  ref: SubmissionRef,
  how: End,
): Pick<SubmissionResult, 'status' | 'costSource' | 'costNanoUsd' | 'fault' | 'image' | 'road'> {
  const fault = { code: 'provider.task-failed', message: 'it broke', class: how === 'failed' ? 'provider' : 'safety' };
  switch (how) {
    case 'succeeded':
      return { status: 'succeeded', costSource: 'reported', costNanoUsd: IMAGE_NANO_USD, road: 'upload', image: imageOf(ref) };
    case 'lost':
      return { status: 'lost', costSource: 'reported', costNanoUsd: IMAGE_NANO_USD, fault: { code: 'image.lost', message: 'gone' } };
    case 'unknown':
      return { status: 'unknown', costSource: 'none', fault: { code: 'submission.unknown-outcome', message: 'never heard of' } };
    case 'failed':
    case 'refused':
      return { status: 'failed', costSource: 'none', costNanoUsd: 0, fault };
  }
}

const imageOf = ({ generationId, index, n }: SubmissionRef) => ({
  key: `images/${generationId}/${index}-${n}.jpg`,
  format: 'JPG' as const,
  contentType: 'image/jpeg',
  width: 1024,
  height: 1024,
  sizeBytes: 1000,
  sha256: 'a'.repeat(64),
});
