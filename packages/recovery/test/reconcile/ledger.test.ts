import { expect, test } from 'vitest';
import type { Reconciler } from '../../src/index.ts';
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

/** A store that sums up a submission at a time, with something that happens after each step. */
const withEachStep = (step: () => Promise<unknown>) => (reconciler: Reconciler) => ({
  store: {
    ...reconciler.store,
    sumHolds: async (holder: string) => {
      const reply = await reconciler.store.sumHolds(holder, 1);
      await step();
      return reply;
    },
    correctLedger: async (holder: string, given: { from: string; mayLower: boolean }) => {
      await step();
      return reconciler.store.correctLedger(holder, given);
    },
  },
});

test('money that moves all the while is no drift, and hides none', async () => {
  await using world = await setup();
  const refs = [...(await world.enqueue(2)), ...(await world.enqueue()), ...(await world.enqueue()), ...(await world.enqueue())];
  let moves = 0;
  // One that the sums have passed ends or is given up, and two come anew: their money is held before the walk comes to them.
  const parts = withEachStep(async () => {
    moves += 1;
    const next = refs.shift();
    if (next === undefined) return;
    if (moves % 2 === 0) await world.store.cancel(next.generationId);
    else {
      await world.send(next);
      await world.finish(next);
    }
    await world.enqueue();
    await world.enqueue(2, { tenant: `tenant-${moves}` });
  });
  const { summary, outcome } = await world.pass({ parts, isThorough: true });
  expect({ summary, outcome }).toEqual({ summary: {}, outcome: 'whole' });
  expect(moves).toBeGreaterThan(8);

  await drift(world, -5);
  let turns = 0;
  const busy = withEachStep(async () => (turns += 1) < 20 && world.enqueue());
  expect((await world.pass({ parts: busy })).summary).toEqual({ 'ledger-drift': '1 repaired' });
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
});

test('holds that a process of an earlier version moves are not compared with sums that it does not follow', async () => {
  await using world = await setup();
  await world.enqueue(2);
  await drift(world, -5);
  let rests = false;
  const parts = withEachStep(async () => rests || world.redis.incr(`${world.prefix}:hold-moves`));
  expect((await world.pass({ parts })).summary).toEqual({});
  rests = true;
  expect((await world.pass({ parts })).summary).toEqual({ 'ledger-drift': '1 repaired' });
});

test('a hold that cannot be read leaves every cap guarded: missing money is added, and none is taken away', async () => {
  await using world = await setup();
  const [wrong] = await world.enqueue();
  await world.enqueue(2);
  await world.redis.hset(world.submissionKey(wrong), 'reserved', 'NaN');
  await drift(world, -2 * IMAGE_NANO_USD);
  const [day = ''] = await world.redis.keys(`${world.prefix}:spend:all:day:*`);
  const pass = await world.pass({ isThorough: true });
  expect(pass.summary).toMatchObject({ 'ledger-drift': '1 repaired, 3 named' });
  expect(await world.redis.hget(day, 'reserved')).toBe(String(2 * IMAGE_NANO_USD));
});

test('no sums are left behind', async () => {
  await using world = await setup();
  await world.enqueue(2);
  await world.pass({ isThorough: true });
  expect(await world.redis.keys(`${world.prefix}:hold-sums`)).toEqual([]);
});

test.each([
  ['is stopped', async (_world: World, stop: AbortController) => stop.abort(), 'stopped'],
  ['lost its turn', (world: World) => world.redis.set(`${world.prefix}:turn:reconcile`, 'another'), 'stopped'],
] as const)('a pass that %s in the middle of the ledger leaves no sums behind', async (_, end, outcome) => {
  await using world = await setup();
  await world.enqueue(2);
  await world.enqueue(2);
  const stop = new AbortController();
  let sums = 0;
  const parts = withEachStep(async () => {
    sums += await world.redis.exists(`${world.prefix}:hold-sums`);
    await end(world, stop);
  });
  expect((await world.pass({ parts, signal: stop.signal })).outcome).toBe(outcome);
  expect(sums).toBeGreaterThan(0);
  expect(await world.redis.exists(`${world.prefix}:hold-sums`)).toBe(0);
});
