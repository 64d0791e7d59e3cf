import { createGenerationId } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { newGeneration, setupAt, type SteadyWorld } from './world.ts';

/** Redis time alone decides if an id is young enough, and only for a generation that Redis does not know. */
const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
/** A minute after midnight: an id of two minutes ago has another date. */
const START = Date.UTC(2026, 5, 2, 0, 1);

const mintedAt = (at: number) => newGeneration(1, { generationId: createGenerationId(at) });
const restart = (world: SteadyWorld) => world.redis.set(`${world.prefix}:server-run`, 'the run before');

test.each([
  ['six minutes old', START - 6 * MINUTE_MS],
  ['of yesterday', START - 2 * MINUTE_MS],
  ['a day old', START - DAY_MS],
  ['five minutes ahead', START + 5 * MINUTE_MS],
])('an id that is %s is taken', async (_, at) => {
  await using world = await setupAt(START);
  expect(await world.store.enqueue(mintedAt(at))).toMatchObject({ kind: 'created' });
});

test.each([
  ['older than a day', START - DAY_MS - 1],
  ['more than five minutes ahead', START + 5 * MINUTE_MS + 1],
  ['three days ahead', START + 3 * DAY_MS],
])('an id that is %s is refused with the time of Redis, and nothing is written', async (_, at) => {
  await using world = await setupAt(START);
  const before = await world.keyspace();
  await expect(world.store.enqueue(mintedAt(at))).rejects.toMatchObject({
    code: 'request.id-out-of-time',
    retryable: false,
    redisTime: START,
    message: expect.stringContaining(new Date(START).toISOString()),
  });
  expect(await world.keyspace()).toEqual(before);
});

test('a generation that is known is answered at any age, also when its times have passed', async () => {
  await using world = await setupAt(START);
  const known = { ...mintedAt(START), runAt: START + MINUTE_MS, deadlineAt: START + 2 * MINUTE_MS, idempotencyKey: 'order-7' };
  await world.store.enqueue(known);
  await world.setTime(START + 40 * DAY_MS);
  expect(await world.store.enqueue(known)).toMatchObject({ kind: 'exists' });
  const other = { ...known, request: { ...known.request, positivePrompt: 'another' } };
  await expect(world.store.enqueue(other)).rejects.toMatchObject({ code: 'request.conflict' });
  const { generationId } = known;
  expect(await world.store.enqueue({ ...known, ...mintedAt(START) })).toMatchObject({ kind: 'replayed', generationId });
});

test.each([
  ['options.deadlineAt', { deadlineAt: START }],
  ['options.runAt', { runAt: START - MINUTE_MS - 1 }],
  ['options.runAt', { runAt: START + 30 * DAY_MS + 1 }],
])('a new generation whose %s is out of bounds by Redis time is refused', async (path, times) => {
  await using world = await setupAt(START);
  const before = await world.keyspace();
  await expect(world.store.enqueue({ ...mintedAt(START), ...times })).rejects.toMatchObject({
    code: 'request.invalid',
    problems: [{ path }],
  });
  expect(await world.keyspace()).toEqual(before);
});

test.each([
  ['an old id', mintedAt(START - 2 * DAY_MS)],
  ['a deadline that has passed', { ...mintedAt(START), deadlineAt: START - 1 }],
])('while Redis may have forgotten it, %s is no proof that nothing was bought: the caller comes again', async (_, generation) => {
  await using world = await setupAt(START);
  await restart(world);
  await expect(world.store.enqueue(generation)).rejects.toMatchObject({ code: 'queue.unavailable', reached: 'no', retryable: true });
});
