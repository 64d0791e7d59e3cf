import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildReconcileStore } from '../src/index.ts';
import { ended, endedForGood, setup, type World } from './world.ts';

const HOLDER = 'pass-1';

async function begin(world: World) {
  const store = buildReconcileStore(world, world.redis);
  await store.takeTurn(HOLDER, 60_000);
  await store.beginSums(HOLDER);
  return store;
}

async function driftsOf(store: Awaited<ReturnType<typeof begin>>): Promise<string[]> {
  const drifts: string[] = [];
  let from = '0';
  do {
    const step = await store.correctLedger(HOLDER, { from, mayLower: false });
    if (step.kind !== 'compared') return [step.kind];
    drifts.push(...step.drifts.map(({ period, reservedNanoUsd, heldNanoUsd }) => `${period}: ${reservedNanoUsd} and ${heldNanoUsd}`));
    from = step.next;
  } while (from !== '0');
  return drifts;
}

/** Does something to the money of one generation, as callers, workers and the reconciler do. */
async function moveMoney(world: World, refs: SubmissionRef[], draw: (below: number) => number): Promise<void> {
  const { store } = world;
  const one = refs[draw(refs.length)];
  switch (draw(8)) {
    case 0:
      refs.push(...(await world.enqueue(1 + draw(3), { tenant: `tenant-${draw(3)}` })));
      return;
    case 1:
      // Enqueued behind the place of the walk, and in front of it.
      refs.push(...(await world.enqueue(1, { generationId: createGenerationId(Date.now() - draw(60_000)) })));
      return;
    case 2:
      await store.cancel(one!.generationId);
      return;
    case 3:
      await store.settle(one!, ended(one!, 'failed'));
      refs.push({ ...one!, n: one!.n + 1 });
      return;
    case 4:
      await store.settle(one!, endedForGood(one!, draw(2) === 0 ? 'unknown' : 'succeeded'));
      return;
    case 5:
      await buildReconcileStore(world, world.redis).mend(one!.generationId, HOLDER);
      return;
    default:
      await store.commit(one!, `token-${draw(1e9)}`);
  }
}

test.each([1, 2, 3, 4, 5, 6])('sums that are made while money moves in any order agree with the ledger (order %i)', async (seed) => {
  await using world = await setup();
  let drawn = 0;
  let state = seed;
  const draw = (below: number): number => {
    drawn += 1;
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    return (state >> 8) % below;
  };
  const refs: SubmissionRef[] = [];
  for (let at = 0; at < 8; at += 1) refs.push(...(await world.enqueue(1 + (at % 3), { tenant: `tenant-${at % 3}` })));
  // Some are not in the index, and are put back at some time: whatever they hold counts from then on.
  for (const at of [1, 5, 9]) await world.redis.zrem(`${world.prefix}:open`, refs[at]!.generationId);
  const store = await begin(world);
  let isOver = false;
  while (!isOver) {
    isOver = (await store.sumHolds(HOLDER, 1)).kind !== 'summed';
    if (drawn < 300) for (let moves = 0; moves < 3; moves += 1) await moveMoney(world, refs, draw);
  }
  for (const { generationId } of refs) await store.mend(generationId, HOLDER);
  for (let moves = 0; moves < 10; moves += 1) await moveMoney(world, refs, draw);
  expect(Object.keys(await world.ledger()).length).toBeGreaterThan(4);
  expect(await driftsOf(store)).toEqual([]);
});

test('a step sums up about as many submissions as it is told, so that a page of large requests blocks Redis no longer', async () => {
  await using world = await setup();
  for (let at = 0; at < 6; at += 1) await world.enqueue(20);
  const store = await begin(world);
  let steps = 0;
  for (let isOver = false; !isOver; steps += 1) isOver = (await store.sumHolds(HOLDER, 40)).kind === 'over';
  expect(steps).toBe(3);
  expect(await driftsOf(store)).toEqual([]);
});

test('sums of a pass that lost its turn are none, and write nothing down', async () => {
  await using world = await setup();
  await world.enqueue();
  const store = await begin(world);
  while ((await store.sumHolds(HOLDER)).kind === 'summed');
  await store.endTurn(HOLDER);
  await store.takeTurn('another', 60_000);
  expect((await store.correctLedger(HOLDER, { from: '0', mayLower: true })).kind).toBe('no-turn');
  await store.beginSums('another');
  expect((await store.correctLedger('another', { from: '0', mayLower: true })).kind, 'before all are summed up').toBe('lost');
});

test('sums of a pass that died have no time to live, are followed no longer, and end with the next pass', async () => {
  await using world = await setup();
  await world.enqueue();
  const store = await begin(world);
  while ((await store.sumHolds(HOLDER)).kind === 'summed');
  const key = `${world.prefix}:hold-sums`;
  await driftsOf(store);
  expect(await world.redis.pttl(key), 'Redis frees in one piece what expires').toBe(-1);
  await world.enqueue(1, { tenant: 'followed' });
  const size = await world.redis.hlen(key);
  await world.redis.hset(key, '@until', Date.now() - 1);
  await world.enqueue(1, { tenant: 'after its end' });
  expect(await world.redis.hlen(key), 'without its holder').toBe(size - 1);
  expect((await store.correctLedger(HOLDER, { from: '0', mayLower: true })).kind).toBe('lost');
  await store.beginSums(HOLDER);
  while ((await store.sumHolds(HOLDER)).kind === 'summed');
  expect(await driftsOf(store)).toEqual([]);
  await store.endSums(HOLDER);
  expect(await world.redis.exists(key)).toBe(0);
});

test('sums of an earlier version, which say no time, are followed', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const store = await begin(world);
  while ((await store.sumHolds(HOLDER)).kind === 'summed');
  await world.redis.hdel(`${world.prefix}:hold-sums`, '@until');
  await world.store.cancel(ref.generationId);
  await world.enqueue(2);
  expect(await driftsOf(store)).toEqual([]);
});

test('a key of another type in the place of the sums stops no purchase', async () => {
  await using world = await setup();
  await world.redis.set(`${world.prefix}:hold-sums`, 'x');
  const [ref] = await world.enqueue(2);
  expect(await world.send(ref)).toBe('accepted');
  expect(await driftsOf(await begin(world))).toEqual(['lost']);
});
