import { createGenerationId } from '@darkroom/contracts';
import { eventChannel } from '@darkroom/generation-store';
import { eventually, reserveRedis, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createProducer, createWebhookEndpoints } from '../src/index.ts';
import { startFailingProxy } from './failing-proxy.ts';
import { IMAGE_NANO_USD, openStore, request, setup, untilHeard, type World } from './world.ts';

/** Makes Redis one that came back without a generation, and is not compared with S3 yet. @returns what ends the comparison. */
async function lose({ redis, prefix }: World, generationId: string): Promise<() => Promise<unknown>> {
  const key = `${prefix}:generation:${generationId}`;
  await redis.del(key, `${key}:request`, `${prefix}:submission:${generationId}:0-1`);
  const run = await redis.getset(`${prefix}:server-run`, 'another run');
  return () => redis.set(`${prefix}:server-run`, run ?? '');
}

const unavailable = (reason: string) => ({ code: 'queue.unavailable', reached: 'no', details: { reason } });

test('while Redis may have forgotten a generation it is not "not found": its caller would order it anew', async () => {
  await using world = await setup();
  const { producer } = world;
  const { generationId } = await producer.enqueue(request, { idempotencyKey: 'order 7' });
  const compared = await lose(world, generationId);
  const calls = {
    get: () => producer.get(generationId),
    cancel: () => producer.cancel(generationId),
    timeline: () => producer.timeline(generationId),
    erasure: () => producer.erasure(generationId),
    wait: () => producer.wait(generationId, { timeoutMs: 0 }),
    findByIdempotencyKey: () => producer.findByIdempotencyKey('order 7'),
  };
  for (const [name, call] of Object.entries(calls)) await expect(call(), name).rejects.toMatchObject(unavailable('recovering'));
  await expect(producer.get('no-id')).rejects.toMatchObject({ code: 'generation.not-found' });
  await compared();
  await expect(producer.get(generationId)).rejects.toMatchObject({ code: 'generation.not-found' });
  await world.redis.del(`${world.prefix}:epoch`);
  await expect(producer.get(generationId)).rejects.toMatchObject({ code: 'store.not-initialised' });
});

test('a wait outlasts a Redis that comes back without the generation, and its comparison with S3', async () => {
  await using world = await setup();
  const { producer, redis, prefix } = world;
  const { generationId } = await producer.enqueue(request);
  const wait = producer.wait(generationId);
  await untilHeard(world, generationId);
  const compared = await lose(world, generationId);
  const look = () => redis.publish(eventChannel(prefix, generationId), '{"event":"generation.queued"}');
  await look();
  await redis.rename(`${prefix}:epoch`, `${prefix}:kept-epoch`);
  await look();
  await redis.rename(`${prefix}:kept-epoch`, `${prefix}:epoch`);
  await world.producer.enqueue(request, { generationId });
  await compared();
  await producer.cancel(generationId);
  expect(await wait).toMatchObject({ status: 'cancelled' });
});

test('a producer that loses Redis between its steps says that the first one is done', async () => {
  await using world = await setup();
  const generationId = createGenerationId(Date.now());
  const made = world.producer.generate(request, { generationId }).catch((error: unknown) => error);
  await untilHeard(world, generationId);
  await world.producer.close();
  expect(await made).toMatchObject({ code: 'queue.unavailable', reached: 'yes', generationId, details: { reason: 'producer-closed' } });
});

test('a lost reply to a change is no "changes nothing"', async () => {
  await using own = await reserveRedis();
  await own.start();
  const prefix = uniquePrefix();
  const redis = new Redis(own.url);
  const store = openStore(redis, prefix);
  await store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
  await store.initialise('epoch');
  redis.disconnect();
  await using proxy = await startFailingProxy(own.url);
  const producer = createProducer({ redisUrl: proxy.url, prefix });
  const endpoints = createWebhookEndpoints({ redisUrl: proxy.url, prefix, allowLoopback: true });
  try {
    // Redis knows the scripts from now on, and each call takes one command a step.
    await producer.erase((await producer.enqueue(request)).generationId, { cancel: true });
    const { generationId } = await producer.enqueue(request);
    const { endpointId } = await endpoints.create({ url: 'http://127.0.0.1:9/hook' });
    /** Makes a call whose connections break at a text that it sends. */
    const broken = async (text: string, count: number, call: () => Promise<unknown>): Promise<unknown> => {
      proxy.breakAfter(text, count);
      const error = await call().catch((reason: unknown) => reason);
      proxy.mend();
      await eventually(() => Promise.all([producer.list(), endpoints.list()]));
      return error;
    };
    const maybe = (words: string) => ({ code: 'queue.unavailable', reached: 'maybe', message: expect.stringContaining(words) });
    expect(await broken('evalsha', 2, () => producer.erase(generationId, { cancel: true }))).toMatchObject(maybe('may be cancelled'));
    expect(await producer.get(generationId)).toMatchObject({ status: 'cancelled' });
    expect(await broken('acme', 1, () => producer.erase({ tenant: 'acme' }))).toMatchObject(maybe('calling again is safe'));
    expect(await broken('"secretVersion":2', 1, () => endpoints.rotateSecret(endpointId))).toMatchObject(
      maybe('read the endpoints before'),
    );
  } finally {
    await producer.close();
    await endpoints.close();
  }
});
