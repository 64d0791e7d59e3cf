import { eventChannel } from '@darkroom/generation-store';
import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { GenerationError, type GrokImagineRequestInput } from '../src/index.ts';
import { bringHome, refsOf, request, setup, untilHeard } from './world.ts';

test.each([request, { ...request, deliveryMethod: 'sync' as const }])('%o returns its result', async (sync) => {
  await using world = await setup();
  const generating = world.producer.generate(sync, { timeoutMs: 10_000 });
  const generationId = await eventually(async () => {
    const keys = await world.redis.keys(`${world.prefix}:generation:*`);
    const key = keys.find((each) => !each.endsWith(':request'));
    if (key === undefined) throw new Error('nothing was queued');
    return key.slice(-36);
  });
  await bringHome(world.store, refsOf(generationId)[0]!);
  expect(await generating).toMatchObject({ generationId, status: 'succeeded', costUsd: '0.02' });
});

test('an asynchronous request returns once it is queued', async () => {
  await using world = await setup();
  const generation = await world.producer.generate({ ...request, deliveryMethod: 'async' });
  expect(generation).toMatchObject({ status: 'queued', reservedUsd: '0.02' });
  expect(await world.producer.get(generation.generationId)).toEqual(generation);
});

test('after the timeout the error names the generation, which is still running', async () => {
  await using world = await setup();
  const timesOut = (request: GrokImagineRequestInput): Promise<unknown> =>
    world.producer.generate(request, { timeoutMs: 50, idempotencyKey: 'order-7' }).then(
      () => undefined,
      (error: unknown) => error,
    );
  const error = await timesOut(request);
  if (!(error instanceof GenerationError)) throw new Error('it did not time out', { cause: error });
  const generationId = String(error.details['generationId']);
  expect(await world.producer.get(generationId)).toMatchObject({ status: 'queued' });
  expect(await timesOut({ ...request, deliveryMethod: 'sync' }), 'waits for the same one').toMatchObject({
    code: 'generation.wait-timeout',
    details: { generationId },
  });
});

test('a signal that aborted before the call queues nothing', async () => {
  await using world = await setup();
  const reason = new Error('the client went away');
  await expect(world.producer.generate(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
});

test('an order that Redis loses while its caller waits is not "not found": the error names its id, and a second call makes it', async () => {
  await using world = await setup();
  const { redis, prefix, producer } = world;
  const { generationId } = await producer.enqueue(request);
  const lost = producer.generate(request, { generationId }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await untilHeard(world, generationId);
  const key = `${prefix}:generation:${generationId}`;
  await redis.del(key, `${key}:request`, `${prefix}:submission:${generationId}:0-1`);
  await redis.publish(eventChannel(prefix, generationId), '{"event":"generation.queued"}');
  expect(await lost).toMatchObject({ code: 'queue.unavailable', reached: 'maybe', generationId, retryable: true });
  expect(await producer.enqueue(request, { generationId })).toMatchObject({ created: true });
});
