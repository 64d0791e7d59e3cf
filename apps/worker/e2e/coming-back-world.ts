import {
  createGenerationId,
  grokImagineImage,
  parseGrokImagineRequest,
  taskUuidOf,
  type Intent,
  type SubmissionRef,
  type SubmissionResult,
} from '@darkroom/contracts';
import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { intentKey, resultKey } from '@darkroom/object-storage';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import type { SlowBucket } from '@darkroom/testing';
import type { Redis } from 'ioredis';

/** A Redis that went back to an earlier moment, and the bucket beside it. */
export interface Forgotten {
  rolledBackMs: number;
  /** Generations that are open in Redis. At most `UNDER_WAY` of them are under way at the provider; the others wait, with a job each. */
  open: number;
  /** Generations that were enqueued, bought and ended since: Redis knows nothing of them. */
  purchases: number;
  /** Number of generations under way that have ended since, which Redis does not know. */
  ended: number;
  /** Purchases of the day before, which Redis no longer has open and S3 lists beside the others. */
  history: number;
}

const SECOND = 1000;
const HOUR = 3_600_000;
/** Half of the tasks that a fleet may have at the provider, so that it may buy. */
const UNDER_WAY = 500;
const FILLED_AT_ONCE = 500;
const IMAGE_NANO_USD = 20_000_000;
const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });

/** Gives a Redis to which no worker is connected the state of the moment to which it goes back, and the bucket all that came later. */
export async function fillStore(redis: Redis, prefix: string, bucket: SlowBucket, given: Forgotten): Promise<void> {
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const [submissions, settlements] = [createSubmissions(redis, { prefix }), createSettlements(redis, { prefix })];
  const since = Date.now() - given.rolledBackMs;
  const enqueue = async (at: number): Promise<void> => {
    // What is open was enqueued in the hour before.
    const createdAt = Math.floor(since - HOUR + (at / given.open) * HOUR);
    const ref: SubmissionRef = { generationId: createGenerationId(createdAt), index: 0, n: 1 };
    const one = { index: 0, n: 1, failures: 0 };
    const isUnderWay = at < Math.min(UNDER_WAY, given.open / 2);
    const { intent, result } = recordsOf(ref, createdAt);
    const sent = { round: 0, firstSentAt: intent.firstSentAt, reservation: intent.reservation };
    await store.restore({
      generationId: ref.generationId,
      tenant: 'acme',
      request,
      outline: grokImagineImage.outline(request),
      imageNanoUsd: IMAGE_NANO_USD,
      createdAt,
      submissions: [isUnderWay ? { ...one, sent } : one],
    });
    if (!isUnderWay) return submissions.add([ref]);
    bucket.put(intentKey(ref, 0), JSON.stringify(intent));
    if (at < given.ended) bucket.put(resultKey(ref), JSON.stringify(result));
    // No settlement looks during the measurement.
    await settlements.park(ref, HOUR, false);
  };
  try {
    for (let from = 0; from < given.open; from += FILLED_AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(FILLED_AT_ONCE, given.open - from) }, (_, more) => enqueue(from + more)));
    const backTo = Date.now() - given.rolledBackMs;
    for (let at = 0; at < given.history; at += 1) record(bucket, backTo - 24 * HOUR + (at / given.history) * 22.5 * HOUR);
    for (let at = 0; at < given.purchases; at += 1) record(bucket, backTo + (at / given.purchases) * given.rolledBackMs);
    await redis.hset(`${prefix}:checkpoint`, 'at', backTo);
    // A log of many commands takes long to load, and this test measures what comes after that.
    await redis.bgrewriteaof();
    while (!/aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/.test(await redis.info('persistence')))
      await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    await Promise.all([submissions.close(), settlements.close()]);
  }
}

/** Writes what a purchase that came home leaves in the bucket. */
function record(bucket: SlowBucket, at: number): void {
  const createdAt = Math.floor(at);
  const ref = { generationId: createGenerationId(createdAt), index: 0, n: 1 };
  const { intent, result } = recordsOf(ref, createdAt);
  bucket.put(intentKey(ref, 0), JSON.stringify(intent));
  bucket.put(resultKey(ref), JSON.stringify(result));
}

function recordsOf(ref: SubmissionRef, createdAt: number): { intent: Intent; result: SubmissionResult } {
  const day = new Date(createdAt).toISOString().slice(0, 10);
  const periods = [`all:day:${day}`, `all:month:${day.slice(0, 7)}`, `tenant:acme:day:${day}`, `tenant:acme:month:${day.slice(0, 7)}`];
  const common = { version: 1 as const, ...ref, taskUUID: taskUuidOf(ref), reservation: { amountNanoUsd: IMAGE_NANO_USD, periods } };
  const image = {
    key: `images/${ref.generationId}/0-1.jpg`,
    format: 'JPG' as const,
    contentType: 'image/jpeg',
    width: 1024,
    height: 1024,
    sizeBytes: 1000,
    sha256: 'a'.repeat(64),
  };
  return {
    intent: { ...common, round: 0, firstSentAt: createdAt + SECOND, tenant: 'acme', images: 1, createdAt, request },
    result: {
      ...common,
      status: 'succeeded',
      settledAt: createdAt + 2 * SECOND,
      costSource: 'reported',
      costNanoUsd: IMAGE_NANO_USD,
      road: 'upload',
      image,
    },
  };
}
