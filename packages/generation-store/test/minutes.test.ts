import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { ended, endedForGood, IMAGE_NANO_USD, newGeneration, setup, setupAt } from './world.ts';

const NOON = Date.UTC(2026, 10, 30, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A settlement whose result came at a time. */
const endedAt = (at: number, ref: SubmissionRef, status: 'succeeded' | 'failed') => {
  const settlement = endedForGood(ref, status);
  return { ...settlement, result: { ...settlement.result, settledAt: at } };
};

test('each fact is counted in its minute of Redis time, with codes and roads', async () => {
  await using world = await setupAt(NOON);
  const [first, second, third] = await world.enqueue(3);
  if (second === undefined || third === undefined) throw new Error('it has three images');
  await world.send(first);
  await world.send(second);
  await world.setTime(NOON + MINUTE);
  await world.store.settle(first, endedAt(NOON + MINUTE, first, 'succeeded'));
  await world.store.settle(first, endedAt(NOON + MINUTE, first, 'succeeded'));
  await world.store.settle(second, endedAt(NOON + MINUTE, second, 'failed'));
  await world.store.cancel(first.generationId);
  await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  const generation = newGeneration(1, { generationId: createGenerationId(NOON) });
  for (let call = 0; call < 2; call += 1)
    await expect(world.store.enqueue(generation)).rejects.toMatchObject({ code: 'spend.cap-reached' });
  await expect(world.store.enqueue({ ...generation, deadlineAt: NOON - HOUR })).rejects.toMatchObject({ code: 'request.invalid' });
  const other = newGeneration(2, { generationId: first.generationId });
  await expect(world.store.enqueue(other)).rejects.toMatchObject({ code: 'request.conflict' });

  const none = { generations: 0, enqueued: 0, refused: {}, accepted: 0, recorded: 0, failed: {}, roads: {} };
  expect(await world.store.minutes(NOON, NOON + 5 * MINUTE)).toEqual([
    { ...none, at: NOON, generations: 1, enqueued: 3, accepted: 2 },
    {
      ...none,
      at: NOON + MINUTE,
      recorded: 1,
      roads: { upload: 1 },
      failed: { 'provider.task-failed': 1, 'generation.cancelled': 1 },
      refused: { 'spend.cap-reached': 2, 'request.invalid': 1, 'request.conflict': 1 },
    },
  ]);
  expect(await world.store.minutes(NOON + MINUTE, NOON + MINUTE)).toHaveLength(1);
  expect(await world.store.minutes(NOON - 400 * HOUR, NOON - MINUTE)).toEqual([]);
});

test('a minute that cannot be read is left out', async () => {
  await using world = await setupAt(NOON);
  await world.enqueue();
  await world.redis.set(`${world.prefix}:minute:${NOON / MINUTE - 1}`, 'of another type');
  expect(await world.store.minutes(NOON - 5 * MINUTE, NOON)).toMatchObject([{ at: NOON, generations: 1 }]);
});

test('an end that is restored counts in the minute in which it came, and one of the day before nowhere', async () => {
  await using world = await setupAt(NOON);
  const [recent, old] = await world.enqueue(2);
  if (old === undefined) throw new Error('it has two images');
  for (const ref of [recent, old]) await world.send(ref);
  await world.store.settle(recent, endedAt(NOON - 3 * HOUR, recent, 'succeeded'));
  await world.store.settle(old, endedAt(NOON - 27 * HOUR, old, 'succeeded'));
  const recorded = (await world.store.minutes(NOON - 48 * HOUR, NOON)).filter((minute) => minute.recorded > 0);
  expect(recorded).toMatchObject([{ at: NOON - 3 * HOUR, recorded: 1 }]);
});

test('an acceptance that a question told counts like one that was answered', async () => {
  await using world = await setupAt(NOON);
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  for (let call = 0; call < 2; call += 1) await world.store.recordLook(ref, 'known');
  expect(await world.store.minutes(NOON, NOON)).toMatchObject([{ accepted: 1 }]);
});

test('a restored cancel counts in the minute in which it came', async () => {
  await using world = await setupAt(NOON);
  const [first, second] = await world.enqueue(2);
  if (second === undefined) throw new Error('it has two images');
  const { result, ...settlement } = endedAt(NOON - 27 * HOUR, first, 'failed');
  const cancelled = { ...settlement, result, code: 'generation.cancelled' as const, isOld: true };
  await world.store.settle(first, cancelled);
  expect(await world.store.find(first.generationId)).toMatchObject({ status: 'cancelled' });
  expect((await world.store.minutes(NOON - 48 * HOUR, NOON)).filter(({ failed }) => Object.keys(failed).length > 0)).toEqual([]);
});

test('the counts of a minute end by themselves, and one that cannot be written ends nothing', async () => {
  await using world = await setup();
  await world.enqueue();
  const keys = await world.redis.keys(`${world.prefix.replaceAll(/[{}]/g, String.raw`\$&`)}:minute:*`);
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) {
    expect(await world.redis.ttl(key)).toBeGreaterThan(25 * 3600);
    expect(await world.redis.ttl(key)).toBeLessThanOrEqual(26 * 3600);
  }
  const minute = Math.floor(Date.now() / MINUTE);
  for (const each of [minute, minute + 1]) await world.redis.set(`${world.prefix}:minute:${each}`, 'of another type');
  const [ref] = await world.enqueue();
  expect(await world.send(ref)).toBe('accepted');
  expect(await world.store.settle(ref, ended(ref, 'succeeded'))).toMatchObject({ kind: 'settled' });
});
