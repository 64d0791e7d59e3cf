import { expect, test } from 'vitest';
import type { ReconcileStore } from '../../src/index.ts';
import { IMAGE_NANO_USD, setup, type World } from './world.ts';

async function drift(world: World, byNanoUsd: number): Promise<string> {
  const [key = ''] = await world.redis.keys(`${world.prefix}:spend:all:day:*`);
  await world.redis.hincrby(key, 'reserved', byNanoUsd);
  return key;
}

test('a period that has less on hold than its holds is corrected at once: its cap could be crossed', async () => {
  await using world = await setup();
  await world.enqueue(3);
  const before = await world.reserved();
  await drift(world, -IMAGE_NANO_USD);
  expect((await world.pass()).summary).toEqual({ 'ledger-drift': '1 repaired' });
  expect(await world.reserved()).toEqual(before);
  expect((await world.pass()).summary).toEqual({});
});

test('a period that has more on hold is named, and corrected by a pass that has looked through all keys', async () => {
  await using world = await setup();
  await world.pass({ isThorough: true });
  await world.enqueue(3);
  const before = await world.reserved();
  await drift(world, 5);
  const pass = await world.pass();
  expect(pass.summary).toEqual({ 'ledger-drift': '1 named' });
  expect(pass.named[0]?.detail).toMatch(/^all:day:\d{4}-\d\d-\d\d has 0\.060000005 USD on hold, its holds are 0\.06 USD$/);
  expect((await world.pass({ isThorough: true })).summary).toEqual({ 'ledger-drift': '1 repaired' });
  expect(await world.reserved()).toEqual(before);
});

test('a period that holds nothing and says otherwise is found by a thorough pass', async () => {
  await using world = await setup();
  await world.redis.hset(`${world.prefix}:spend:all:day:2020-01-01`, 'reserved', 7);
  expect((await world.pass({ isThorough: true })).summary).toEqual({ 'ledger-drift': '1 repaired' });
  expect((await world.reserved())['all:day:2020-01-01']).toBe(0);
});

test('a hold that moves while all are summed up is no drift, and the sum is begun anew', async () => {
  await using world = await setup();
  await world.enqueue(2);
  let sums = 0;
  const parts = ({ store }: { store: ReconcileStore }) => ({
    store: {
      ...store,
      sumHolds: async (ids: readonly string[]) => {
        const sum = await store.sumHolds(ids);
        sums += 1;
        if (sums <= 2) await world.enqueue();
        return sum;
      },
    },
  });
  expect((await world.pass({ parts })).summary).toEqual({});
  expect(sums).toBe(3);
});

test('in a fleet that never rests the ledger is left to a later pass', async () => {
  await using world = await setup();
  await world.enqueue(2);
  await drift(world, -5);
  const parts = ({ store }: { store: ReconcileStore }) => ({
    store: {
      ...store,
      sumHolds: async (ids: readonly string[]) => {
        const sum = await store.sumHolds(ids);
        await world.enqueue();
        return sum;
      },
    },
  });
  expect((await world.pass({ parts })).summary).toEqual({});
  expect((await world.pass()).summary).toEqual({ 'ledger-drift': '1 repaired' });
});
