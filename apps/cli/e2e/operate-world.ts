import { createGenerationId, parseGrokImagineRequest } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createSubmissions } from '@darkroom/queues';
import { startTestS3, uniquePrefix } from '@darkroom/testing';
import { expect, inject, onTestFinished } from 'vitest';
import { runHere } from './run-here.ts';

const IMAGE_NANO_USD = 20_000_000;

/** Creates a store whose purchases wait as if a worker had snoozed them under a pause. */
export async function setup() {
  const prefix = uniquePrefix();
  const redis = connectPatient(inject('redisUrl'));
  const retention = { recordSeconds: 60, idempotencySeconds: 60 };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const submissions = createSubmissions(redis, { prefix });
  onTestFinished(async () => {
    await submissions.close();
    redis.disconnect();
  });
  await store.setCaps({ allPerDay: 50 * IMAGE_NANO_USD });
  const enqueue = async (images: number, delayMs = 60_000): Promise<string> => {
    const generationId = createGenerationId(Date.now());
    const request = parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: images });
    await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: IMAGE_NANO_USD });
    await submissions.add(
      Array.from({ length: images }, (_, index) => ({ generationId, index, n: 1 })),
      delayMs,
    );
    return generationId;
  };
  const runWith = (environment: Readonly<Record<string, string>>, ...words: string[]) =>
    runHere(words, { REDIS_URL: inject('redisUrl'), DARKROOM_PREFIX: prefix, ...environment });
  /** Starts an empty bucket. @returns the settings with which an operator uses it. */
  const startBucket = async (): Promise<Record<string, string>> => {
    const s3 = await startTestS3();
    onTestFinished(() => s3.stop());
    const { accessKeyId, secretAccessKey } = s3.credentials;
    return { S3_BUCKET: s3.bucket, S3_ENDPOINT: s3.endpoint, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey };
  };
  let bucket: Record<string, string> | undefined;
  const runAnyhow = async (...words: string[]) => runWith((bucket ??= await startBucket()), ...words);
  const run = async (...words: string[]): Promise<string> => {
    const ended = await runAnyhow(...words);
    // 3: done, and it shows what a person must look at
    expect([0, 3], ended.output).toContain(ended.code);
    return ended.output;
  };
  return { redis, prefix, store, submissions, enqueue, run, runAnyhow, runWith };
}
