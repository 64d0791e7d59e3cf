import type { GenerationView } from '@darkroom/contracts';
import { connectSubscriber, eventChannel } from '@darkroom/generation-store';
import { eventually } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { createAborts } from '../src/aborts.ts';
import { createSubscriptions, type Subscriptions } from '../src/subscriptions.ts';
import { defaultLookEvery, waitUntilFinal, type LookEvery, type WaitDependencies } from '../src/wait.ts';
import { bringHome, refsOf, request, setup, untilHeard, type World } from './world.ts';

test('a wait ends with the announcement of the last image, and reports progress', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue({ ...request, numberResults: 2 });
  const seen: GenerationView[] = [];
  const waiting = world.producer.wait(generationId, { onProgress: (generation) => seen.push(generation) });
  await untilHeard(world, generationId);
  const [first, second] = refsOf(generationId, 2);
  await bringHome(world.store, first!);
  await eventually(() => expect(seen.at(-1)?.images[0]).toMatchObject({ status: 'succeeded' }));
  const startedAt = performance.now();
  await bringHome(world.store, second!);
  expect(await waiting).toMatchObject({ status: 'succeeded' });
  expect(performance.now() - startedAt, 'long before it would have looked by itself').toBeLessThan(1000);
  expect(seen[0]).toMatchObject({ status: 'queued' });
  expect(seen.at(-1)).toMatchObject({ status: 'succeeded' });
  expect(new Set(seen.map((each) => JSON.stringify(each))).size, 'only what had changed').toBe(seen.length);
});

test('returns a final generation at once', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  await world.producer.cancel(generationId);
  expect(await world.producer.wait(generationId)).toMatchObject({ status: 'cancelled' });
});

test('finds the end by looking if the announcement is lost', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  const { waiting, subscriptions } = waitDependencies(world, { heardMs: 300, unheardMs: 60_000 });
  const end = waitUntilFinal(generationId, waiting, {});
  await untilHeard(world, generationId);
  // The entry moves without an announcement.
  await world.redis.hset(`${world.prefix}:generation:${generationId}`, { status: 'failed', 'image:0': 'failed' });
  expect(await end).toMatchObject({ status: 'failed' });
  subscriptions.close();
});

test('a wait without onProgress looks at its start and when the generation moves, and hardly ever in between', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  const { waiting, subscriptions, looks } = waitDependencies(world, defaultLookEvery);
  const end = waitUntilFinal(generationId, waiting, {});
  await untilHeard(world, generationId);
  const [ref] = refsOf(generationId);
  const commitment = await world.store.commit(ref!, 'token');
  expect(commitment).toMatchObject({ kind: 'go' });
  await world.store.recordVerdict(ref!, 1, 'accepted');
  await world.store.recordDelivery(ref!, { body: '{}' });
  await world.store.cancel(generationId);
  expect(await end).toMatchObject({ status: 'cancelled' });
  expect(looks(), 'at the begin, when it is heard, and at the end').toBeLessThanOrEqual(3);
  subscriptions.close();
});

test('one signal ends many waits without a leak warning of Node', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  const abort = new AbortController();
  const waits = Array.from({ length: 50 }, () => world.producer.wait(generationId, { signal: abort.signal }));
  const brief = Array.from({ length: 50 }, () => world.producer.wait(generationId, { signal: abort.signal, timeoutMs: 0 }));
  expect((await Promise.allSettled(brief)).every(({ status }) => status === 'rejected')).toBe(true);
  abort.abort();
  expect((await Promise.allSettled(waits)).every(({ status }) => status === 'rejected')).toBe(true);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('the wait ends with its time, and the generation keeps running', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  const startedAt = performance.now();
  await expect(world.producer.wait(generationId, { timeoutMs: 100 })).rejects.toMatchObject({
    code: 'generation.wait-timeout',
    retryable: true,
    message: expect.stringContaining('is "queued" after 100 ms'),
  });
  expect(performance.now() - startedAt).toBeLessThan(1500);
  expect(await world.producer.get(generationId)).toMatchObject({ status: 'queued' });
});

test('a signal ends the wait with its reason, before it begins and during it', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  const reason = new Error('the client went away');
  await expect(world.producer.wait(generationId, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const abort = new AbortController();
  const waiting = Promise.allSettled([world.producer.wait(generationId, { signal: abort.signal })]);
  await untilHeard(world, generationId);
  const startedAt = performance.now();
  abort.abort(reason);
  expect(await waiting).toEqual([{ status: 'rejected', reason }]);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test('one of several waits for a generation can end without ending the others', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  const abort = new AbortController();
  const leaving = Promise.allSettled([world.producer.wait(generationId, { signal: abort.signal })]);
  const staying = [world.producer.wait(generationId), world.producer.wait(generationId)];
  await untilHeard(world, generationId);
  abort.abort();
  expect(await leaving).toMatchObject([{ status: 'rejected' }]);
  const startedAt = performance.now();
  await bringHome(world.store, refsOf(generationId)[0]!);
  for (const generation of await Promise.all(staying)) expect(generation).toMatchObject({ status: 'succeeded' });
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test('the last wait for a generation ends its subscription', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  await expect(world.producer.wait(generationId, { timeoutMs: 50 })).rejects.toThrow();
  const channel = eventChannel(world.prefix, generationId);
  await eventually(async () => expect(await world.redis.pubsub('NUMSUB', channel)).toEqual([channel, 0]));
});

test('a later wait for the same generation subscribes again', async () => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  await expect(world.producer.wait(generationId, { timeoutMs: 50 })).rejects.toThrow();
  const waiting = world.producer.wait(generationId);
  await untilHeard(world, generationId);
  await bringHome(world.store, refsOf(generationId)[0]!);
  expect(await waiting).toMatchObject({ status: 'succeeded' });
});

/** The dependencies that a producer gives its waits, with a count of their looks. */
function waitDependencies(
  world: World,
  lookEvery: LookEvery,
): { waiting: WaitDependencies; subscriptions: Subscriptions; looks: () => number } {
  let looks = 0;
  const subscriptions = createSubscriptions(world.prefix, () => connectSubscriber(inject('redisUrl')));
  const find = (generationId: string) => {
    looks += 1;
    return world.store.find(generationId);
  };
  return { waiting: { find, subscriptions, aborts: createAborts(), random: Math.random, lookEvery }, subscriptions, looks: () => looks };
}
