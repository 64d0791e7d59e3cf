import type { SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { endedForGood, IMAGE_NANO_USD, setup, type World } from './world.ts';

/** Prices in the ledger: those expected by the price list, and those that the provider reported. */

async function pricesOf({ store }: World) {
  const [day, month, ...ofTenant] = await store.readSpend('acme');
  const { expectedNanoUsd, reportedNanoUsd, settledNanoUsd, unreported, differing } = day!;
  const prices = { expectedNanoUsd, reportedNanoUsd, settledNanoUsd, unreported, differing };
  for (const period of [month, ...ofTenant]) expect(period).toMatchObject(prices);
  return prices;
}

const end = async (world: World, ref: SubmissionRef, ...how: [Parameters<typeof endedForGood>[1], { costNanoUsd?: number }?]) =>
  world.store.settle(ref, endedForGood(ref, ...how));

/** The end of an image whose cost was not reported: the expected one is booked. */
function unpriced(ref: SubmissionRef) {
  const settlement = endedForGood(ref, 'succeeded');
  return { ...settlement, result: { ...settlement.result, costSource: 'expected' as const } };
}

test('the ledger says what was expected, what was reported, and how many were reported otherwise or not at all', async () => {
  await using world = await setup();
  const refs = await world.enqueue(6);
  for (const ref of refs) await world.send(ref);
  const [asListed, dearer, free, failed, charged, silent] = refs;
  await end(world, asListed, 'succeeded');
  await end(world, dearer!, 'succeeded', { costNanoUsd: IMAGE_NANO_USD + 5 });
  await end(world, free!, 'lost', { costNanoUsd: 0 });
  await end(world, failed!, 'failed');
  await end(world, charged!, 'failed', { costNanoUsd: 3 });
  await world.store.settle(silent!, unpriced(silent!));
  expect(await pricesOf(world)).toEqual({
    expectedNanoUsd: 4 * IMAGE_NANO_USD,
    reportedNanoUsd: 2 * IMAGE_NANO_USD + 8,
    settledNanoUsd: 3 * IMAGE_NANO_USD + 8,
    unreported: 1,
    differing: 3,
  });
});

test('an end that is told twice is counted once', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, unpriced(ref));
  await world.store.settle(ref, unpriced(ref));
  expect(await pricesOf(world)).toMatchObject({ unreported: 1, expectedNanoUsd: IMAGE_NANO_USD });
});

test('an image that comes home late takes the place of its failure', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await end(world, ref, 'failed', { costNanoUsd: 3 });
  expect(await pricesOf(world)).toMatchObject({ expectedNanoUsd: 0, reportedNanoUsd: 3, differing: 1 });
  await end(world, ref, 'succeeded');
  expect(await pricesOf(world)).toEqual({
    expectedNanoUsd: IMAGE_NANO_USD,
    reportedNanoUsd: IMAGE_NANO_USD,
    settledNanoUsd: IMAGE_NANO_USD,
    unreported: 0,
    differing: 0,
  });
});

test('nothing is said of what is on hold, nor of an unknown outcome', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(2);
  await world.send(ref);
  await end(world, ref, 'unknown');
  expect(await pricesOf(world)).toEqual({ expectedNanoUsd: 0, reportedNanoUsd: 0, settledNanoUsd: 0, unreported: 0, differing: 0 });
});

test('the ledger of a period is kept for four hundred days after it was last written', async () => {
  await using world = await setup();
  await world.enqueue();
  const keys = await world.redis.keys(`${world.prefix}:spend:*`);
  expect(keys).toHaveLength(4);
  for (const key of keys) expect(Math.round((await world.redis.ttl(key)) / 86_400), key).toBe(400);
});
