import { expect, test } from 'vitest';
import { ended, endedForGood, IMAGE_NANO_USD, nextOf, setupAt, type Spend, type SteadyWorld } from './world.ts';

/**
 * Money is booked in the day and month in which it was held, however late it is settled (I7). Time is set (`redis-clock.ts`):
 * a real midnight would take a day to come.
 */

const LAST_MS_OF_YEAR = Date.UTC(2026, 11, 31, 23, 59, 59, 999);
const HOUR_MS = 3_600_000;

const held: Spend = { reserved: IMAGE_NANO_USD, settled: 0 };
const spent: Spend = { reserved: 0, settled: IMAGE_NANO_USD };
const balanced: Spend = { reserved: 0, settled: 0 };

/** The day, the month, and those of the tenant. */
const periods = (day: string, spend: Spend): Record<string, Spend> => ({
  [`all:day:${day}`]: spend,
  [`all:month:${day.slice(0, 7)}`]: spend,
  [`tenant:acme:day:${day}`]: spend,
  [`tenant:acme:month:${day.slice(0, 7)}`]: spend,
});
const oldYear = (spend: Spend) => periods('2026-12-31', spend);
const newYear = (spend: Spend) => periods('2027-01-01', spend);
const intoNewYear = (world: SteadyWorld): Promise<void> => world.setTime(LAST_MS_OF_YEAR + 1);

test('a settlement after midnight books its money in the day and month of the hold, and nothing in the new ones', async () => {
  await using world = await setupAt(LAST_MS_OF_YEAR);
  const [ref] = await world.enqueue();
  await world.send(ref);
  expect(await world.ledger()).toEqual(oldYear(held));
  await intoNewYear(world);
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  expect(await world.ledger()).toEqual(oldYear(spent));
});

test('a failure after midnight gives back the money of the old day', async () => {
  await using world = await setupAt(LAST_MS_OF_YEAR);
  const [ref] = await world.enqueue();
  await world.send(ref);
  await intoNewYear(world);
  expect(await world.store.settle(ref, ended(ref, 'failed'))).toMatchObject({ kind: 'resubmit' });
  expect(await world.ledger()).toEqual(oldYear(balanced));
});

test('a submission that follows a failure before midnight and is bought after it holds its money in the new day', async () => {
  await using world = await setupAt(LAST_MS_OF_YEAR);
  const [ref] = await world.enqueue();
  await world.send(ref);
  expect(await world.store.settle(ref, ended(ref, 'failed'))).toMatchObject({ kind: 'resubmit' });
  await intoNewYear(world);
  const { intent, send } = await world.open(nextOf(ref));
  expect(intent.reservation).toEqual({ amountNanoUsd: IMAGE_NANO_USD, periods: Object.keys(newYear(held)) });
  await world.store.recordVerdict(nextOf(ref), send, 'accepted');
  expect(await world.ledger()).toEqual({ ...oldYear(balanced), ...newYear(held) });
  await world.store.settle(nextOf(ref), endedForGood(nextOf(ref), 'succeeded'));
  expect(await world.ledger()).toEqual({ ...oldYear(balanced), ...newYear(spent) });
});

test('a cancel after midnight gives back the money of the old day', async () => {
  await using world = await setupAt(LAST_MS_OF_YEAR);
  const [ref] = await world.enqueue();
  await intoNewYear(world);
  await world.store.cancel(ref.generationId);
  expect(await world.ledger()).toEqual(oldYear(balanced));
});

test('an image that comes home late is booked in the day that once held it', async () => {
  await using world = await setupAt(LAST_MS_OF_YEAR);
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, endedForGood(ref, 'failed'));
  await intoNewYear(world);
  await world.store.settle(ref, endedForGood(ref, 'succeeded'));
  expect(await world.ledger()).toEqual(oldYear(spent));
});

test('an unknown outcome stays on hold in its own day, over midnight and month', async () => {
  await using world = await setupAt(LAST_MS_OF_YEAR);
  const [ref] = await world.enqueue();
  await world.send(ref, 'unknown');
  await world.setTime(LAST_MS_OF_YEAR + 25 * HOUR_MS);
  await world.store.settle(ref, endedForGood(ref, 'unknown'));
  expect(await world.ledger()).toEqual(oldYear(held));
});

test('the new day has the whole of its cap, whatever of the old one is still under way', async () => {
  await using world = await setupAt(LAST_MS_OF_YEAR);
  await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  const [ref] = await world.enqueue();
  await expect(world.enqueue()).rejects.toMatchObject({ code: 'spend.cap-reached' });
  await intoNewYear(world);
  const [other] = await world.enqueue();
  for (const each of [ref, other]) {
    await world.send(each);
    await world.store.settle(each, endedForGood(each, 'succeeded'));
  }
  expect(await world.ledger()).toEqual({ ...oldYear(spent), ...newYear(spent) });
});
