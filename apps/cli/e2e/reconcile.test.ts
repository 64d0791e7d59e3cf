import { createGenerationId, parseGrokImagineRequest, type SubmissionRef } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { createSettlements, createSubmissions, jobIdOf } from '@darkroom/queues';
import { startTestS3, uniquePrefix } from '@darkroom/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { runHere } from './run-here.ts';

/** Creates a store, its queues and a bucket, without workers. */
async function setup() {
  const prefix = uniquePrefix();
  const redis = connectPatient(inject('redisUrl'));
  const s3 = await startTestS3();
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 5000, maxImageBytes: 1024 }, { now: Date.now });
  const retention = { recordSeconds: 600, idempotencySeconds: 600 };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const submissions = createSubmissions(redis, { prefix });
  const settlements = createSettlements(redis, { prefix });
  onTestFinished(async () => {
    await Promise.all([submissions.close(), settlements.close()]);
    redis.disconnect();
    storage.close();
    await s3.stop();
  });
  const run = (words: string[], environment: Readonly<Record<string, string>> = {}) =>
    runHere(words, {
      REDIS_URL: inject('redisUrl'),
      DARKROOM_PREFIX: prefix,
      S3_BUCKET: s3.bucket,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      WORKER_RECONCILE_GRACE_MS: '100',
      ...environment,
    });
  const enqueue = async (): Promise<SubmissionRef> => {
    const generationId = createGenerationId(Date.now());
    const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });
    await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: 20_000_000 });
    const ref = { generationId, index: 0, n: 1 };
    await submissions.add([ref]);
    return ref;
  };
  return { prefix, redis, s3, storage, store, submissions, run, enqueue };
}

test('reconcile repairs what disagrees and prints a table, finds nothing the second time, and status says so', async () => {
  const { store, submissions, run, enqueue } = await setup();
  await store.initialise('epoch');
  expect((await run(['status'])).output).toContain('repair    no worker has compared jobs, entries, money and S3 yet');
  const ref = await enqueue();
  await submissions.queue.remove(jobIdOf(ref));
  const first = await run(['reconcile']);
  expect(first).toMatchObject({ code: 0 });
  expect(first.output).toMatch(/found +repaired +named\npurchases waiting to be sent that had no live job +1 +0\n/);
  expect(first.output).toMatch(/looked at 1 open generations, and 0 of the last days in S3, in \d+\.\d s/);
  expect(await submissions.queue.getJobState(jobIdOf(ref))).toBe('waiting');
  const second = await run(['reconcile']);
  expect(second).toMatchObject({ code: 0, output: expect.stringContaining('nothing was wrong\nlooked at 1 open') });
  expect((await run(['status'])).output).toMatch(/repair +jobs, entries, money and S3 were compared \d+ s ago: nothing was wrong\n/);
});

test('reconcile names each thing left for a person, and exits with 3', async () => {
  const { prefix, redis, store, storage, run, enqueue } = await setup();
  await store.initialise('epoch');
  const ref = await enqueue();
  await redis.del(`${prefix}:generation:${ref.generationId}`);
  const stranger = { generationId: createGenerationId(Date.now()), index: 2, n: 1 };
  await storage.keepImage(stranger, { format: 'JPG', contentType: 'image/jpeg' }, Buffer.from('bytes'));
  const { code, output } = await run(['reconcile']);
  expect(code, output).toBe(3);
  expect(output).toContain('for a person to look at (docs/operations/reconcile.md says what each means and what to do):');
  expect(output).toContain(`  open-without-record  ${ref.generationId}\n`);
  expect(output).toContain(`  image-without-record  ${stranger.generationId}  image 2, submission 1\n`);
  expect((await run(['status'])).output).toMatch(
    /: \d+ repaired, 2 left for a person \(image-without-record, open-without-record\)|\(open-without-record, image-without-record\)/,
  );
});

test('reconcile --images names each thing, however many there are, and says if a rebuild keeps it from looking', async () => {
  const { prefix, redis, store, storage, run } = await setup();
  await store.initialise('epoch');
  const ids = Array.from({ length: 21 }, () => createGenerationId(Date.now()));
  for (const generationId of ids)
    await storage.keepImage({ generationId, index: 0, n: 1 }, { format: 'JPG', contentType: 'image/jpeg' }, Buffer.from('bytes'));
  const { code, output } = await run(['reconcile', '--images']);
  expect(code, output).toBe(3);
  expect(ids.filter((id) => !output.includes(`  image-without-record  ${id}  image 0, submission 1\n`))).toEqual([]);
  const asJson = await run(['reconcile', '--images', '--json']);
  expect(ids.filter((id) => !asJson.output.includes(id))).toEqual([]);
  await redis.hset(`${prefix}:reading`, { id: 'a', epoch: 'b' });
  const beside = await run(['reconcile', '--images']);
  expect(beside).toMatchObject({ code: 1, output: expect.stringContaining('a rebuild still reads: no image was looked for') });
});

test.each([
  ['a store that is not open', {}, 1, 'the store is not open: no worker has started here yet, or Redis lost its memory'],
  ['no bucket', { S3_BUCKET: '' }, 2, 'S3_BUCKET'],
  ['a Redis that does not answer', { REDIS_URL: 'redis://127.0.0.1:1' }, 1, 'cannot find a Darkroom'],
])('reconcile names %s and changes nothing', async (_what, environment, code, message) => {
  const { run } = await setup();
  const told = await run(['reconcile'], environment);
  expect(told).toMatchObject({ code, output: expect.stringContaining(message) });
});

test('reconcile names an S3 that does not answer', async () => {
  const { store, run } = await setup();
  await store.initialise('epoch');
  const told = await run(['reconcile'], { S3_ENDPOINT: 'http://127.0.0.1:1' });
  expect(told).toMatchObject({ code: 1, output: expect.stringContaining('S3 could not be reached') });
});
