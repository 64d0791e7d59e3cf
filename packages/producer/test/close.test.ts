import { setImmediate } from 'node:timers/promises';
import { QueueUnavailableError } from '@darkroom/contracts';
import { reserveRedis, startSwitchingProxy, uniquePrefix } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { request, setup, untilHeard } from './world.ts';

/** An id that no generation has. */
const unknownId = '01a25000-0000-7000-8000-000000000000';

// Every file is checked for open handles afterwards; these tests check what callers see.

test('a producer may be closed twice, and before its first use', async () => {
  const producer = createProducer({ redisUrl: inject('redisUrl'), prefix: uniquePrefix() });
  await Promise.all([producer.close(), producer.close()]);
  await producer.close();
});

test('a waiting call is refused at once', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  const waiting = Promise.allSettled([world.producer.wait(generationId), world.producer.wait(generationId)]);
  await untilHeard(world, generationId);
  const startedAt = performance.now();
  await world.producer.close();
  for (const outcome of await waiting) expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(QueueUnavailableError) });
  expect(performance.now() - startedAt).toBeLessThan(500);
});

test('a call after close is refused at once', async () => {
  await using world = await setup();
  await world.producer.close();
  const startedAt = performance.now();
  for (const call of [
    world.producer.enqueue(request),
    world.producer.get(unknownId),
    world.producer.wait(unknownId),
    world.producer.cancel(unknownId),
  ]) {
    await expect(call).rejects.toMatchObject({ code: 'queue.unavailable', reached: 'no', message: expect.stringContaining('is closed') });
  }
  expect(performance.now() - startedAt).toBeLessThan(200);
});

test('a producer closes while Redis is away and calls wait for it', async () => {
  await using own = await reserveRedis();
  const producer = createProducer({ redisUrl: own.url, prefix: uniquePrefix() });
  const calls = Promise.allSettled([producer.enqueue(request), producer.wait(unknownId)]);
  const startedAt = performance.now();
  await producer.close();
  for (const outcome of await calls) expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(QueueUnavailableError) });
  expect(performance.now() - startedAt, 'before the calls would have given up by themselves').toBeLessThan(500);
});

test('a producer closes at once while Redis is silent, and its calls under way fail as possibly arrived', async () => {
  await using own = await reserveRedis();
  await own.start();
  await using proxy = await startSwitchingProxy(own.url);
  const producer = createProducer({ redisUrl: proxy.url, prefix: uniquePrefix() });
  // The first call opens a connection; "not initialised" is an answer.
  await expect(producer.enqueue(request)).rejects.toMatchObject({ code: 'store.not-initialised' });
  proxy.silence();
  const calls = Promise.allSettled([producer.enqueue(request), producer.wait(unknownId), producer.get(unknownId)]);
  // They are sent once the finished check of the rights has been read.
  await setImmediate();
  const startedAt = performance.now();
  await producer.close();
  expect(performance.now() - startedAt).toBeLessThan(500);
  const [enqueued, ...others] = await calls;
  expect(enqueued).toMatchObject({ status: 'rejected', reason: { code: 'queue.unavailable', reached: 'maybe' } });
  for (const outcome of others) expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(QueueUnavailableError) });
  expect(performance.now() - startedAt, 'before the calls would have given up by themselves').toBeLessThan(700);
});
