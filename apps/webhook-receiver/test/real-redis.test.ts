import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGenerationId, defined, mintCapability, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { startRedis } from '@darkroom/local-stack';
import { eventually, uniquePrefix } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createWebhookReceiver } from '../src/app.ts';
import { HOUR_MS, setupOnRedis } from './redis-world.ts';
import { keys, pathOf } from './setup.ts';

const success = (ref: SubmissionRef, seed = 1): string =>
  JSON.stringify({
    data: [{ taskUUID: taskUuidOf(ref), status: 'success', imageUUID: 'a', imageURL: 'https://im.runware.ai/1.jpg', seed }],
  });

test('a delivery gets a number in the entry and wakes the parked settlement', async () => {
  const { ref, store, stateOf, post } = await setupOnRedis();
  expect(await stateOf(ref)).toBe('delayed');
  expect(await post(ref, success(ref))).toBe(200);
  expect(await store.newestDelivery(ref)).toBe(1);
  expect(await stateOf(ref)).not.toBe('delayed');
});

test('duplicates share one number, distinct deliveries have one each', async () => {
  const { ref, store, receiver, post } = await setupOnRedis();
  const bodies = [success(ref, 1), success(ref, 1), success(ref, 2), success(ref, 1)];
  expect(await Promise.all(bodies.map((body) => post(ref, body)))).toEqual([200, 200, 200, 200]);
  expect(await store.newestDelivery(ref)).toBe(2);
  expect(receiver.counts.all()).toMatchObject({ 'delivery.recorded': 2, 'delivery.duplicate': 2 });
});

test('distinct deliveries beyond the bound are acknowledged and not kept', async () => {
  const { ref, store, receiver, post } = await setupOnRedis();
  for (let seed = 0; seed < 30; seed += 1) expect(await post(ref, success(ref, seed))).toBe(200);
  expect(await store.newestDelivery(ref)).toBe(20);
  expect(receiver.counts.get('delivery.overflow')).toBe(10);
});

test('a delivery of a submission without an entry is acknowledged and creates neither an entry nor a job', async () => {
  const { store, receiver, stateOf, post } = await setupOnRedis();
  const unknown: SubmissionRef = { generationId: createGenerationId(Date.now()), index: 3, n: 2 };
  expect(await post(unknown, success(unknown))).toBe(200);
  expect(receiver.counts.get('delivery.unknown-submission')).toBe(1);
  expect(await store.find(unknown.generationId)).toBeUndefined();
  expect(await stateOf(unknown)).toBe('unknown');
});

test('while Redis is away a delivery is a 503 within a second; when Redis is back, deliveries are kept', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-receiver-'));
  const start = (port?: number) =>
    startRedis({ dir, cacheDir: '.local', environment: process.env, appendfsync: 'always', ...defined({ port }) });
  let redis = await start();
  onTestFinished(async () => {
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  });
  const { ref, store, receiver, post } = await setupOnRedis(redis.url);
  expect(await post(ref, success(ref))).toBe(200);

  const { pid } = redis;
  if (pid === undefined) throw new Error('this test needs a redis of its own');
  process.kill(pid, 'SIGSTOP');
  const frozenAt = performance.now();
  expect(await post(ref, success(ref, 2))).toBe(503);
  expect(performance.now() - frozenAt).toBeLessThan(1500);
  expect((await fetch(`${receiver.url()}/readyz`)).status).toBe(503);
  expect((await fetch(`${receiver.url()}/livez`)).status).toBe(200);
  process.kill(pid, 'SIGCONT');

  await redis.stop();
  const downAt = performance.now();
  expect(await post(ref, success(ref, 2))).toBe(503);
  expect(performance.now() - downAt).toBeLessThan(1500);

  redis = await start(Number(new URL(redis.url).port));
  await eventually(async () => expect(await post(ref, success(ref, 2))).toBe(200));
  expect(await store.newestDelivery(ref)).toBe(2);
});

test('a receiver without Redis starts, answers with 503 and stops', async () => {
  const receiver = createWebhookReceiver(
    {
      redis: { url: 'redis://127.0.0.1:1', prefix: uniquePrefix() },
      keys,
      log: { level: 'silent', logPrompts: false },
      tracing: { endpoint: undefined },
      listen: { host: '127.0.0.1', port: 0 },
    },
    {},
  );
  await receiver.start();
  const path = pathOf(mintCapability(keys, { generationId: createGenerationId(Date.now()), index: 0, n: 1 }, Date.now() + HOUR_MS));
  expect((await fetch(receiver.url() + path, { method: 'POST', body: '{}' })).status).toBe(503);
  const stoppingAt = performance.now();
  await receiver.stop();
  expect(performance.now() - stoppingAt).toBeLessThan(2000);
});
