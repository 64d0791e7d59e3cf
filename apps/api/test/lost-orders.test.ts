import { createGenerationId } from '@darkroom/contracts';
import { eventChannel } from '@darkroom/generation-store';
import { eventually } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { shareWorld } from './shared-world.ts';
import { order, startWorld } from './world.ts';

const shared = shareWorld();
const { call, create } = shared;

test('an order that Redis loses before it is answered is no 404: the caller is told to call again, and has it made', async () => {
  const generationId = createGenerationId(Date.now());
  const pending = create({ generationId }, { prefer: 'wait=30' });
  await eventually(async () => expect((await call('GET', `/v1/generations/${generationId}`)).status).toBe(200));
  const [key, channel] = [`${shared.world.prefix}:generation:${generationId}`, eventChannel(shared.world.prefix, generationId)];
  await eventually(async () => expect(await shared.world.redis.pubsub('NUMSUB', channel)).toEqual([channel, 1]));
  // As a Redis that goes back to a moment before the order.
  await shared.world.redis.del(key, `${key}:request`, `${shared.world.prefix}:submission:${generationId}:0-1`);
  await shared.world.redis.publish(channel, '{"event":"generation.queued"}');
  const { status, headers, body } = await pending;
  expect([status, body]).toEqual([503, expect.objectContaining({ code: 'queue.unavailable', generationId, reached: 'maybe' })]);
  expect(body['detail']).toContain('call again');
  expect(headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await create({ generationId })).status).toBe(202);
});

test('a generation that Redis may have forgotten is no 404 before Redis is compared with S3', async () => {
  const { body } = await create();
  const generationId = String(body['generationId']);
  const key = `${shared.world.prefix}:generation:${generationId}`;
  const run = await shared.world.redis.getset(`${shared.world.prefix}:server-run`, 'another run');
  const entry = await shared.world.redis.dumpBuffer(key);
  await shared.world.redis.del(key);
  onTestFinished(async () => {
    await shared.world.redis.set(`${shared.world.prefix}:server-run`, run ?? '');
    await shared.world.redis.restore(key, 0, entry);
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
