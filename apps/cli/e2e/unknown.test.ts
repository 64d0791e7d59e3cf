import { createGenerationId, formatRef, parseGrokImagineRequest, taskUuidOf, type SubmissionResult } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { startTestS3, uniquePrefix } from '@darkroom/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { runHere, type CommandRun } from './run-here.ts';

const IMAGE_NANO_USD = 20_000_000;

/** Creates two submissions with an unknown outcome, as a worker leaves them at the horizon. */
async function setup() {
  const prefix = uniquePrefix();
  const redis = connectPatient(inject('redisUrl'));
  const retention = { recordSeconds: 60, idempotencySeconds: 60 };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const s3 = await startTestS3();
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 5000, maxImageBytes: 1 }, { now: Date.now });
  onTestFinished(async () => {
    redis.disconnect();
    storage.close();
    await s3.stop();
  });
  await store.setCaps({ allPerDay: 50 * IMAGE_NANO_USD });
  await store.initialise('epoch');
  const generationId = createGenerationId(Date.now());
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: 2 });
  await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: IMAGE_NANO_USD });
  const refs = [0, 1].map((index) => ({ generationId, index, n: 1 }));
  for (const ref of refs) {
    const commitment = await store.commit(ref, `token-${ref.index}`);
    if (commitment.kind === 'stop') throw new Error(commitment.reason);
    const result: SubmissionResult = {
      version: 1,
      ...ref,
      taskUUID: taskUuidOf(ref),
      status: 'unknown',
      settledAt: commitment.now,
      costSource: 'none',
      reservation: commitment.intent.reservation,
    };
    await storage.recordResult(result);
    const code = 'submission.unknown-outcome';
    await store.settle(ref, { result, code, countsAsFailure: false, mayResubmit: false, maxSubmissions: 2 });
  }
  const run = (words: string[], given: Readonly<Record<string, string>> = {}): Promise<CommandRun> => {
    const { accessKeyId, secretAccessKey } = s3.credentials;
    return runHere(words, {
      REDIS_URL: inject('redisUrl'),
      DARKROOM_PREFIX: prefix,
      S3_BUCKET: s3.bucket,
      S3_ENDPOINT: s3.endpoint,
      S3_REGION: s3.region,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
      ...given,
    });
  };
  return { refs, run };
}

test('unknown lists each submission with its taskUUID, and a decision ends its hold', async () => {
  const { refs, run } = await setup();
  const [charged, free] = refs.map(formatRef);
  expect((await run(['status'])).output).toContain('unknown   2 outcomes hold their money');

  const listed = await run(['unknown']);
  expect(listed.code).toBe(3);
  for (const ref of refs) {
    const line = listed.output.split('\n').find((each) => each.includes(formatRef(ref)));
    expect(line).toMatch(/holds 0\.02 USD of "acme", given up \d+ (s|min) ago/);
    expect(line).toContain(taskUuidOf(ref));
  }

  const noBucket = await run(['unknown', '--release', charged!, '--charged'], { S3_BUCKET: 'another' });
  expect(noBucket).toMatchObject({ code: 1, output: expect.stringContaining('the same command can be run again') });
  expect(await run(['unknown', '--release', charged!, '--charged'])).toMatchObject({
    code: 0,
    output: expect.stringContaining('booked as spent'),
  });
  expect(await run(['unknown', '--release', free!, '--free'])).toMatchObject({
    code: 0,
    output: expect.stringContaining('was given back'),
  });
  expect(await run(['unknown'])).toMatchObject({ code: 0, output: expect.stringContaining('nothing is unknown') });
  const both = await run(['unknown', '--release', charged!, '--release', free!, '--charged']);
  expect(both.code).toBe(1);
  for (const ref of [charged, free]) expect(both.output).toContain(`cannot end the hold of ${ref}: only an outcome that is unknown`);
  expect((await run(['spend'])).output).toMatch(/today +0\.02 USD spent, 0 USD on hold/);
  expect(await run(['unknown', '--release', free!, '--charged'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('Redis calls it failed, the bucket unknown; nothing was changed'),
  });
});
