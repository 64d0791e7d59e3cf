import { parseGrokImagineRequest, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { buildGenerationStore, eventChannel, type GenerationStore } from '@darkroom/generation-store';
import { createSubmissions, jobIdOf, type Submissions } from '@darkroom/queues';
import { eventually, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject } from 'vitest';
import { createProducer, type Producer, type ProducerOptions } from '../src/index.ts';

export const IMAGE_NANO_USD = 20_000_000;
export const request = { positivePrompt: 'a red door' };

export interface World extends AsyncDisposable {
  readonly prefix: string;
  readonly redis: Redis;
  readonly store: GenerationStore;
  readonly producer: Producer;
  /** Ids of the jobs that wait to be bought. */
  waitingJobs(): Promise<string[]>;
  submissions: Submissions;
}

/** A producer, with the store and queue that workers would use. */
export async function setup(options: Partial<ProducerOptions> = {}): Promise<World> {
  const prefix = uniquePrefix();
  const redisUrl = inject('redisUrl');
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const store = openStore(redis, prefix);
  await store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
  const submissions = createSubmissions(redis, { prefix });
  const producer = createProducer({ redisUrl, prefix, ...options });
  return {
    prefix,
    redis,
    store,
    producer,
    submissions,
    waitingJobs: async () => (await submissions.queue.getJobs(['waiting', 'prioritized'])).map((job) => String(job.id)).toSorted(),
    [Symbol.asyncDispose]: async () => {
      await producer.close();
      await submissions.close();
      await redis.quit();
    },
  };
}

export const openStore = (redis: Redis, prefix: string): GenerationStore =>
  buildGenerationStore(
    { prefix, retention: { recordSeconds: 600, idempotencySeconds: 172_800 }, pollRate: { perSecond: 1, burst: 1 } },
    redis,
  );

export const refsOf = (generationId: string, images = 1): SubmissionRef[] =>
  Array.from({ length: images }, (_, index) => ({ generationId, index, n: 1 }));
export const jobIdsOf = (generationId: string, images = 1): string[] => refsOf(generationId, images).map(jobIdOf).toSorted();

/** Buys and settles an image as a worker does, in few lines. */
export async function bringHome(store: GenerationStore, ref: SubmissionRef): Promise<void> {
  const commitment = await store.commit(ref, `token-${Math.random()}`);
  if (commitment.kind === 'stop') throw new Error(`the commit was stopped: ${commitment.reason}`);
  await store.recordVerdict(ref, commitment.send, 'accepted');
  const { reservation } = commitment.intent;
  await store.settle(ref, {
    result: {
      version: 1,
      ...ref,
      taskUUID: taskUuidOf(ref),
      status: 'succeeded',
      settledAt: commitment.now,
      costNanoUsd: reservation.amountNanoUsd,
      costSource: 'reported',
      reservation,
      image: {
        key: `images/${ref.index}-${ref.n}.jpg`,
        format: 'JPG',
        contentType: 'image/jpeg',
        width: 1024,
        height: 1024,
        sizeBytes: 1000,
        sha256: 'a'.repeat(64),
      },
    },
    code: '',
    countsAsFailure: false,
    mayResubmit: false,
    maxSubmissions: 2,
  });
}

/** Makes a generation whose producer died before it added the jobs. */
export async function recordOnly(store: GenerationStore, generationId: string, images = 1): Promise<void> {
  await store.enqueue({
    generationId,
    tenant: 'default',
    request: parseGrokImagineRequest({ ...request, numberResults: images }),
    imageNanoUsd: IMAGE_NANO_USD,
  });
}

/** Waits until the producer is subscribed to a generation. */
export const untilHeard = ({ redis, prefix }: World, generationId: string): Promise<void> =>
  eventually(async () => {
    const channel = eventChannel(prefix, generationId);
    expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 1]);
  });
