import { createGenerationId } from '@darkroom/contracts';
import type { NewBulk } from '@darkroom/generation-store';
import { expect, test } from 'vitest';
import { advanceBulk } from '../src/advance-bulk.ts';
import { sweepErasures } from '../src/sweep-erasures.ts';
import { setup, type World } from './world.ts';

const ask = (world: World, given: Partial<NewBulk>) =>
  world.store.requestBulk({ erasureId: createGenerationId(Date.now()), isForced: false, withRetries: false, ...given });
const kindsOf = (world: World, refs: readonly { generationId: string }[]) =>
  Promise.all(refs.map(async ({ generationId }) => (await world.storage.findRequest(generationId)).kind));
const tags = ['secret'];

test('an erasure of a tag finds what Redis holds and what it has let go of, leaves open ones, and takes nothing that came later', async () => {
  const world = await setup();
  await world.open();
  const [home, forgotten, earlier, open, other] = [
    await world.buy({ tags }),
    await world.buy({ tags }),
    await world.buy({ tags, tenant: 'beta' }, true, true),
    await world.buy({ tags }, false),
    await world.buy({ tags: ['public'] }),
  ];
  for (const { generationId } of [forgotten, earlier]) await world.forgetEntry(generationId);
  const { erasureId, requestedAt } = await ask(world, { tag: 'secret' });
  while (Date.now() <= requestedAt); // the next one is of a later millisecond
  const later = await world.buy({ tags });
  await world.eraseAll();
  expect(await kindsOf(world, [home, forgotten, earlier, open, other, later])).toEqual([
    'erased',
    'erased',
    'erased',
    'found',
    'found',
    'found',
  ]);
  expect(await world.store.findBulk(erasureId)).toEqual({
    erasureId,
    requestedAt,
    erasedAt: expect.any(Number),
    found: 4,
    erased: 3,
    left: 1,
    open: [open.generationId],
  });
  expect(await world.store.findBulk(erasureId, 'acme'), 'a tag of all tenants').toBeUndefined();
  // once more, of one tenant alone, open ones too
  const again = await ask(world, { tag: 'secret', tenant: 'acme', isForced: true });
  await world.eraseAll();
  expect(await world.store.findBulk(again.erasureId, 'acme')).toMatchObject({ found: 2, erased: 2, left: 0 });
  expect(await kindsOf(world, [open, later])).toEqual(['erased', 'erased']);
  await world.bringHome(open);
  await world.eraseAll();
  const last = await ask(world, { tag: 'public' });
  await world.eraseAll();
  expect(await world.store.findBulk(last.erasureId)).toMatchObject({ found: 1, erased: 1 });
  expect(await world.findSecrets()).toEqual([]);
});

test('an erasure of one generation waits for a page of a bulk erasure, and not for its end', async () => {
  const world = await setup();
  await world.open();
  await Promise.all(Array.from({ length: 12 }, () => world.enqueue('crowd')));
  const single = await world.buy();
  const { erasureId } = await ask(world, { tenant: 'crowd', isForced: true });
  const parts = { ...world.buildParts(), takenAtOnce: 5 };
  await advanceBulk(parts);
  await world.store.requestErasure(single.generationId, false);
  while ((await world.store.findErasure(single.generationId))?.erasedAt === undefined) {
    await sweepErasures(parts);
    await advanceBulk(parts);
  }
  expect((await world.store.findBulk(erasureId))?.erased).toBeLessThan(12);
  await world.eraseAll();
  expect(await world.store.findBulk(erasureId)).toMatchObject({ found: 12, erased: 12 });
});

test('bulk erasures take turns, and none goes on while Redis may have forgotten what is open', async () => {
  const world = await setup();
  await world.open();
  const [one, two] = [await world.buy({ tenant: 'one' }), await world.buy({ tenant: 'two' })];
  const asked = [await ask(world, { tenant: 'one' }), await ask(world, { tenant: 'two' })];
  await world.forgetComparison();
  expect(await advanceBulk(world.buildParts())).toBe(false);
  await world.compare();
  const turns = [];
  for (let turn = 0; turn < 4; turn += 1) {
    const taken = await world.erasing.store.takeBulkTurn();
    turns.push(taken[0]?.tenant);
  }
  // two of one millisecond begin in the order of their random ids
  expect(turns.slice(0, 2).toSorted()).toEqual(['one', 'two']);
  expect(turns.slice(2)).toEqual(turns.slice(0, 2));
  await world.eraseAll();
  expect(await kindsOf(world, [one, two])).toEqual(['erased', 'erased']);
  for (const { erasureId } of asked) expect(await world.store.findBulk(erasureId)).toMatchObject({ found: 1, erased: 1 });
});

test('many erasures go over S3 together: one that begins joins the others, goes around, and misses nothing', async () => {
  const world = await setup();
  await world.open();
  const bought = [];
  for (let at = 0; at < 9; at += 1) bought.push(await world.buy({ tags: [`user ${at}`] }));
  for (const { generationId } of bought) await world.forgetEntry(generationId);
  const { store, storage } = world.buildParts();
  let reads = 0;
  const findRequest: typeof storage.findRequest = (generationId) => {
    reads += 1;
    return storage.findRequest(generationId);
  };
  const parts = { ...world.buildParts(), storage: { ...storage, findRequest }, takenAtOnce: 2 };
  const asked: { erasureId: string }[] = [];
  const askFor = async (from: number): Promise<void> => {
    for (let at = from; at < 9; at += 3) asked.push(await ask(world, { tag: `user ${at}` }));
  };
  // Three begin, three join while a page is read, and three more when the first ones are at the end.
  for (const from of [0, 1, 2]) {
    const pages = (async () => {
      for (let page = 0; page < 5; page += 1) await advanceBulk(parts);
    })();
    await askFor(from);
    await pages;
  }
  while ((await store.takeBulkTurn()).some(({ step }) => step === 'listed' || step === 'stored')) await advanceBulk(parts);
  expect(reads, 'of nine generations, for nine erasures').toBeLessThanOrEqual(9 * 3);
  await world.eraseAll();
  for (const { erasureId } of asked) expect(await world.store.findBulk(erasureId)).toMatchObject({ found: 1, erased: 1, left: 0 });
  expect(new Set(await kindsOf(world, bought))).toEqual(new Set(['erased']));
});

test('damaged generations that fill a page are put off, and the next page is swept', async () => {
  const world = await setup();
  await world.open();
  const damaged = await Promise.all(Array.from({ length: 5 }, () => world.enqueue('acme')));
  await Promise.all(damaged.map(world.damageIntent));
  for (const { generationId } of damaged) await world.store.requestErasure(generationId, true);
  const sound = await world.buy();
  await world.store.requestErasure(sound.generationId, false);
  await world.eraseAll({ ...world.buildParts(), sweptAtOnce: 5 });
  expect(await kindsOf(world, [sound])).toEqual(['erased']);
  expect((await world.store.findErasure(sound.generationId))?.erasedAt).toBeGreaterThan(0);
  expect(await world.erasing.store.countErasures()).toBe(6);
});
