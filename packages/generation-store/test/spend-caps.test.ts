import { SpendCapError, spendCapsSchema } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { endedForGood, IMAGE_NANO_USD, newGeneration, setup, setupAt, type World } from './world.ts';

const refusal = async (attempt: Promise<unknown>): Promise<SpendCapError> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SpendCapError);
  return error as SpendCapError; // the line above
};

const startOfNextUtcDay = (now: number): number => Math.floor(now / 86_400_000 + 1) * 86_400_000;

test('a generation that would cross the cap is refused whole, with the time of the next day', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: 3 * IMAGE_NANO_USD });
  await world.enqueue(2);
  const before = await world.keyspace();
  const expectedReset = startOfNextUtcDay(Date.now());
  const error = await refusal(world.enqueue(2));
  expect(error.resetsAt).toBe(expectedReset);
  expect(error.message).toContain('would cost up to 0.04 USD, and of the cap of 0.06 USD');
  expect(error.details).toMatchObject({ capUsd: '0.06', usedUsd: '0.04' });
  expect(await world.keyspace()).toEqual(before);
});

test('the cap may be reached to the last billionth', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: 3 * IMAGE_NANO_USD });
  await world.enqueue(3);
  await world.store.setCaps({ allPerDay: 4 * IMAGE_NANO_USD - 1 });
  await refusal(world.enqueue(1));
});

test('money that was given back may be held again', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  const [ref] = await world.enqueue(1);
  await refusal(world.enqueue(1));
  await world.store.cancel(ref.generationId);
  await expect(world.enqueue(1)).resolves.toHaveLength(1);
});

test('money that was spent counts as much as money on hold', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  const [ref] = await world.enqueue(1);
  await world.send(ref);
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  await refusal(world.enqueue(1));
});

test.each([
  { cap: 'allPerMonth', period: 'all:month:' },
  { cap: 'tenantPerDay', period: 'tenant:acme:day:' },
  { cap: 'tenantPerMonth', period: 'tenant:acme:month:' },
])('the cap "$cap" is in force when it is set', async ({ cap, period }) => {
  await using world = await setup();
  await world.enqueue(1);
  await world.store.setCaps({ allPerDay: 100 * IMAGE_NANO_USD, [cap]: 2 * IMAGE_NANO_USD });
  await world.enqueue(1);
  const error = await refusal(world.enqueue(1));
  expect(error.details).toMatchObject({ period: expect.stringContaining(period) });
  await world.store.setCaps({ allPerDay: 100 * IMAGE_NANO_USD });
  await expect(world.enqueue(1)).resolves.toHaveLength(1);
});

test.each([
  { cap: 'allPerDay', resetsAt: Date.UTC(2028, 1, 29) },
  { cap: 'allPerMonth', resetsAt: Date.UTC(2028, 2, 1) },
  { cap: 'tenantPerDay', resetsAt: Date.UTC(2028, 1, 29) },
  { cap: 'tenantPerMonth', resetsAt: Date.UTC(2028, 2, 1) },
])('the refusal by the cap "$cap" says when it resets, and then it has', async ({ cap, resetsAt }) => {
  await using world = await setupAt(Date.UTC(2028, 1, 28, 23, 59, 59, 999));
  await world.store.setCaps({ allPerDay: 100 * IMAGE_NANO_USD, [cap]: IMAGE_NANO_USD });
  await world.enqueue(1);
  const error = await refusal(world.enqueue(1));
  expect(error.resetsAt).toBe(resetsAt);
  expect(error.message).toContain(`it resets at ${new Date(resetsAt).toISOString()}`);
  await world.setTime(resetsAt - 1);
  await refusal(world.enqueue(1));
  await world.setTime(resetsAt);
  await expect(world.enqueue(1)).resolves.toHaveLength(1);
});

test('the caps of one tenant leave another alone', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: 100 * IMAGE_NANO_USD, tenantPerDay: IMAGE_NANO_USD });
  await world.enqueue(1);
  await refusal(world.enqueue(1));
  await expect(world.enqueue(1, { tenant: 'umbrella' })).resolves.toHaveLength(1);
});

test('sixty-four producers that race at the cap do not overspend', async () => {
  await using world = await setup();
  const images = 40;
  await world.store.setCaps({ allPerDay: images * IMAGE_NANO_USD });
  const producers = await Promise.all(Array.from({ length: 64 }, () => world.reconnect()));
  const outcomes = await Promise.allSettled(producers.map(({ store }) => store.enqueue(newGeneration(3))));
  await Promise.all(producers.map((producer) => producer[Symbol.asyncDispose]()));
  const created = outcomes.filter(({ status }) => status === 'fulfilled').length;
  expect(created).toBe(Math.floor(images / 3));
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SpendCapError);
  expect(await world.spent()).toEqual({ reserved: created * 3 * IMAGE_NANO_USD, settled: 0 });
});

describe.each(['all:day', 'all:month', 'tenant:day', 'tenant:month'])('while the cap %s is lost', (lost) => {
  const caps = { allPerDay: 9, allPerMonth: 8, tenantPerDay: 7, tenantPerMonth: 6 };
  const loseCap = async (world: World): Promise<void> => {
    const nanoUsd = Object.fromEntries(Object.entries(caps).map(([name, images]) => [name, images * IMAGE_NANO_USD]));
    expect(await world.store.applyCaps({ revision: 1, caps: spendCapsSchema.parse(nanoUsd) })).toBe(true);
    await world.redis.hdel(`${world.prefix}:caps`, lost);
  };

  test('nothing is bought, what is enqueued waits for its hold, and both go on when it is back', async () => {
    await using world = await setup();
    const [held] = await world.enqueue();
    await loseCap(world);
    expect(await world.store.findCaps()).toBeUndefined();
    expect(await world.store.pauses()).toMatchObject([{ kind: 'caps' }]);
    const [later] = await world.enqueue();
    for (const ref of [held, later])
      expect(await world.store.commit(ref, 't')).toMatchObject({ kind: 'stop', reason: 'paused', detail: 'caps' });
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
    expect(await world.store.applyCaps({ revision: 1, caps: { allPerDay: IMAGE_NANO_USD } })).toBe(true);
    expect(await world.store.pauses()).toEqual([]);
    expect(await world.store.commit(held, 't')).toMatchObject({ kind: 'go' });
    expect(await world.store.commit(later, 't')).toMatchObject({ kind: 'stop', reason: 'cap' });
  });
});

test('a store whose caps are gone buys nothing, however much was left under them', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.redis.del(`${world.prefix}:caps`);
  expect(await world.store.commit(ref, 't')).toMatchObject({ kind: 'stop', reason: 'paused', detail: 'caps' });
  expect((await world.store.readSpend()).map(({ capNanoUsd }) => capNanoUsd)).toEqual([undefined, undefined]);
});

test('caps of a later revision are not replaced by those of an earlier one, and those of the same are written again', async () => {
  await using world = await setup();
  const { store } = world;
  expect(await store.applyCaps({ revision: 10, caps: { allPerDay: 3, tenantPerDay: 2 } })).toBe(true);
  expect(await store.applyCaps({ revision: 9, caps: { allPerDay: 30 } })).toBe(false);
  await world.redis.hset(`${world.prefix}:caps`, 'all:day', 99);
  expect(await store.applyCaps({ revision: 10, caps: { allPerDay: 3, tenantPerDay: 2 } })).toBe(true);
  expect(await store.findCaps()).toEqual({ revision: 10, caps: { allPerDay: 3, tenantPerDay: 2 } });
  await world.redis.del(`${world.prefix}:caps`);
  await world.redis.set(`${world.prefix}:caps`, 'none');
  expect(await store.applyCaps({ revision: 1, caps: { allPerDay: 4 } })).toBe(true);
  expect(await store.findCaps()).toEqual({ revision: 1, caps: { allPerDay: 4 } });
});
