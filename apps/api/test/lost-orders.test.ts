import { createGenerationId } from '@darkroom/contracts';
import { eventChannel } from '@darkroom/generation-store';
import { eventually } from '@darkroom/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { jsonCalls } from './json-calls.ts';
import { order, startWorld, type World } from './world.ts';

let world: World;
let key: string;
beforeAll(async () => {
  world = await startWorld();
  key = await world.key();
});
afterAll(() => world[Symbol.asyncDispose]());

const { call, create } = jsonCalls(
  () => world,
  () => key,
);

test('an order that Redis loses before it is answered is no 404: the caller is told to call again, and has it made', async () => {
  const generationId = createGenerationId(Date.now());
  const pending = create({ generationId }, { prefer: 'wait=30' });
  await eventually(async () => expect((await call('GET', `/v1/generations/${generationId}`)).status).toBe(200));
  const [key, channel] = [`${world.prefix}:generation:${generationId}`, eventChannel(world.prefix, generationId)];
  await eventually(async () => expect(await world.redis.pubsub('NUMSUB', channel)).toEqual([channel, 1]));
  // As a Redis that goes back to a moment before the order.
  await world.redis.del(key, `${key}:request`, `${world.prefix}:submission:${generationId}:0-1`);
  await world.redis.publish(channel, '{"event":"generation.queued"}');
  const { status, headers, body } = await pending;
  expect([status, body]).toEqual([503, expect.objectContaining({ code: 'queue.unavailable', generationId, reached: 'maybe' })]);
  expect(body['detail']).toContain('call again');
  expect(headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await create({ generationId })).status).toBe(202);
});

test('a generation that Redis may have forgotten is no 404 before Redis is compared with S3', async () => {
  const { body } = await create();
  const generationId = String(body['generationId']);
  const key = `${world.prefix}:generation:${generationId}`;
  const run = await world.redis.getset(`${world.prefix}:server-run`, 'another run');
  const entry = await world.redis.dumpBuffer(key);
  await world.redis.del(key);
  onTestFinished(async () => {
    await world.redis.set(`${world.prefix}:server-run`, run ?? '');
    await world.redis.restore(key, 0, entry);
  });
  expect(await call('GET', `/v1/generations/${generationId}`)).toMatchObject({
    status: 503,
    body: { code: 'queue.unavailable', reached: 'no' },
  });
});

test('while Redis is away a call says that nothing arrived', async () => {
  await using away = await startWorld({ redisUrl: async () => 'redis://127.0.0.1:1' });
  const answer = await away.call(await away.key(), 'POST', '/v1/generations', order);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect([answer.status, await answer.json()]).toEqual([
    503,
    expect.objectContaining({ code: 'queue.unavailable', reached: 'no', retryable: true }),
  ]);
  expect((await fetch(`${away.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${away.url}/livez`)).status).toBe(200);
});
