import { createGenerationId, parseGrokImagineRequest } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { recordPurchase, startTestS3, uniquePrefix } from '@darkroom/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { spawnCli } from './world.ts';

const IMAGE_NANO_USD = 20_000_000;
const retention = { recordSeconds: 60, idempotencySeconds: 60 };

/** Creates a store with one committed image, a bucket with its intent, and `darkroom rebuild` for both. */
async function setup() {
  const prefix = uniquePrefix();
  const redis = connectPatient(inject('redisUrl'));
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  let isSlow = false;
  const s3 = await startTestS3({ delayMs: () => (isSlow ? 60_000 : 0) });
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 5000, maxImageBytes: 1024 }, { now: Date.now });
  onTestFinished(async () => {
    storage.close();
    await s3.stop();
    redis.disconnect();
  });
  await store.setCaps({ allPerDay: 50 * IMAGE_NANO_USD });
  await store.initialise('epoch');
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });
  const generationId = createGenerationId(Date.now());
  await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: IMAGE_NANO_USD });
  const ref = { generationId, index: 0, n: 1 };
  const commitment = await store.commit(ref, 'token');
  if (commitment.kind === 'stop') throw new Error(commitment.reason);
  const intent = await recordPurchase(storage, commitment);
  const beginWith = (environment: Readonly<Record<string, string>>, ...words: string[]) =>
    spawnCli(words, {
      REDIS_URL: inject('redisUrl'),
      DARKROOM_PREFIX: prefix,
      S3_BUCKET: s3.bucket,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      DAILY_CAP_USD: '7',
      ...environment,
    });
  const begin = (...words: string[]) => beginWith({}, ...words);
  const run = (...words: string[]) => command('rebuild', ...words);
  const command = (...words: string[]) => commandWith({}, ...words);
  const commandWith = async (
    environment: Readonly<Record<string, string>>,
    ...words: string[]
  ): Promise<{ code: number | null; output: string }> => {
    const cli = beginWith(environment, ...words);
    const { code } = await cli.ended;
    return { code, output: cli.output() };
  };
  const empty = async (): Promise<void> => {
    const keys = await redis.keys(`${prefix}*`);
    await redis.del(keys);
  };
  const slowDown = (): void => void (isSlow = true);
  return { store, storage, ref, intent, begin, run, command, commandWith, empty, slowDown };
}

test('rebuild does not change an open store, and fills an empty one under the caps of the workers', async () => {
  const { store, ref, run, empty } = await setup();
  expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('there is nothing to rebuild') as string });
  await empty();
  const { code, output } = await run('--days', '2');
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toMatch(/rebuilt +1 generations restored, 1 of 1 records read, in [\d.]+ s \(\d+ records a second\)/);
  expect(output).toContain('the store is open; buying resumed');
  expect(output).toMatch(/caps +day 7 USD.+\(from the environment, recorded in S3 now\)/);
  expect(await store.find(ref.generationId)).toMatchObject({ status: 'running', reservedUsd: '0.02' });
  expect((await store.readSpend())[0]).toMatchObject({ capNanoUsd: 7_000_000_000, reservedNanoUsd: IMAGE_NANO_USD });
});

test('rebuild restores the limit and the pause of an operator, and says that buying is paused', async () => {
  const { store, run, command, empty } = await setup();
  expect(await command('pause', '--reason', 'a new bucket')).toMatchObject({ code: 0 });
  expect(await command('limits', '--tasks', '4')).toMatchObject({ code: 0 });
  await empty();
  const { code, output } = await run();
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toMatch(/the store is open\nbuying +PAUSED since .+, an operator \(.+\): a new bucket/);
  expect(output).not.toContain('buying resumed');
  expect(await store.pauses()).toMatchObject([{ kind: 'operator', reason: 'a new bucket' }]);
  expect(await store.readTasksAtProvider()).toMatchObject({ limit: 4 });
  // An operator resumes, and Redis is emptied once more.
  expect(await command('resume')).toMatchObject({ code: 0 });
  await empty();
  expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('buying resumed') as string });
});

test('without caps in S3 and the environment rebuild opens a store that buys nothing until they are set, and says so', async () => {
  const { store, storage, ref, commandWith, empty } = await setup();
  const unnamed = { DAILY_CAP_USD: '' };
  await empty();
  const { code, output } = await commandWith(unnamed, 'rebuild');
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain('S3 holds no spend caps of this store, and DAILY_CAP_USD is not set');
  expect(output).not.toContain('buying resumed');
  expect(await store.pauses()).toMatchObject([{ kind: 'caps' }]);
  expect(await store.commit({ ...ref, n: 1 }, 'token')).toMatchObject({ kind: 'stop', reason: 'paused', detail: 'caps' });
  expect(await commandWith(unnamed, 'caps', '--day', '3')).toMatchObject({
    code: 0,
    output: expect.stringContaining('day 3 USD') as string,
  });
  expect(await store.pauses()).toEqual([]);
  expect(await storage.findNewestSetting('caps')).toMatchObject({ revision: 1, after: { allPerDay: 3_000_000_000 } });
});

test('rebuild names corrupt records and keeps the store closed, unless --skip-corrupt leaves them out', async () => {
  const { store, storage, ref, intent, run, empty } = await setup();
  // The image has a second submission without a first one.
  const other = createGenerationId(Date.now());
  await storage.recordIntent({ ...intent, generationId: other, n: 2 });
  await empty();
  const closed = await run();
  expect(closed).toMatchObject({ code: 1 });
  expect(closed.output).toContain(`corrupt   ${other}: generation "${other}" cannot be brought back`);
  expect(closed.output).toContain('--skip-corrupt');
  expect(await store.isInitialised()).toBe(false);
  expect(await run('--skip-corrupt')).toMatchObject({ code: 3, output: expect.stringContaining('without the corrupt records') as string });
  expect(await store.find(ref.generationId)).toMatchObject({ status: 'running' });
});

test('a rebuild whose S3 hangs ends within seconds of the first signal', async () => {
  const { store, begin, empty, slowDown } = await setup();
  await empty();
  slowDown();
  const cli = begin('rebuild');
  await cli.printed('darkroom  the Redis of REDIS_URL');
  const signalledAt = performance.now();
  cli.signal('SIGTERM');
  expect(await cli.ended).toEqual({ code: 130, signal: null });
  expect(performance.now() - signalledAt).toBeLessThan(6000);
  expect(cli.output()).toContain('the same command can be run again');
  expect(await store.isInitialised()).toBe(false);
});
