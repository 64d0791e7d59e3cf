import { randomUUID } from 'node:crypto';
import { defined, coveredAt, isCovered, spendSumsSchema } from '@darkroom/contracts';
import { buildSpendSumsStore, type SpendSumsStore } from '@darkroom/generation-store';
import { createDraws } from '@darkroom/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordSums, type RecordedSums } from '../src/index.ts';
import { findUsableSums } from '../src/opening/usable-sums.ts';
import { findSums, type SumsReader } from '../src/sums/find-sums.ts';
import { IMAGE_NANO_USD, nextOf, startWorld, type World } from './world.ts';

let world: World;
let sums: SpendSumsStore;
beforeEach(async () => {
  world = await startWorld();
  sums = buildSpendSumsStore(world, world.redis);
  await world.begin();
});
afterEach(() => world.stop());

const record = (store: SpendSumsStore = sums, most?: { 0: number; 1: number }): Promise<RecordedSums> =>
  recordSums({ store, archive: world.storage }, { createId: randomUUID, ...defined({ most }) });

/** The ledger as the sums should tell it. */
const expected = async (): Promise<Record<string, number>> =>
  Object.fromEntries(Object.entries(await world.ledger()).map(([period, { reserved, settled }]) => [period, reserved + settled]));
const found = async (): Promise<Record<string, number>> =>
  Object.fromEntries((await findSums(world.storage, { now: Date.now() + 120_000 })).found?.periods ?? []);

test('S3 holds what is held and charged in each period, however the objects build on each other', async () => {
  const draws = createDraws(1);
  const levels = new Set<number>();
  for (let step = 0; step < 12; step += 1) {
    for (let order = 0; order < draws.between(`orders ${step}`, 1, 3); order += 1) {
      const [ref] = await world.enqueue(1, { tenant: `t${draws.between(`tenant ${step} ${order}`, 0, 12)}` });
      await world.send(ref);
      const how = draws.pick(`end ${step} ${order}`, ['succeeded', 'failed', 'unknown', undefined] as const);
      if (how !== undefined) await world.end(ref, how);
      if (how === 'failed' && step % 2 === 0) await world.end(ref, 'succeeded', { amendment: true });
      if (how === 'failed' && step % 2 === 1) await world.send(nextOf(ref));
    }
    const recorded = await record(sums, { 0: 4, 1: 9 });
    if (recorded.kind === 'recorded') levels.add(recorded.level);
    expect(await found()).toEqual(await expected());
    expect(await record()).toEqual({ kind: 'same' });
  }
  expect([...levels].toSorted()).toEqual([0, 1, 2]);
});

test('an object of sums holds the moves before its reading, and the next object holds the moves during it', async () => {
  for (const tenant of ['a', 'b', 'c']) await world.enqueue(1, { tenant });
  await record();
  await world.enqueue(1, { tenant: 'a' });
  const moving: SpendSumsStore = {
    ...sums,
    readMoved: async function* (since) {
      await world.enqueue(1, { tenant: 'a' });
      for await (const page of sums.readMoved(since)) yield page;
      await world.enqueue(1, { tenant: 'b' });
    },
  };
  await record(moving);
  const day = new Date().toISOString().slice(0, 10);
  expect((await found())[`tenant:a:day:${day}`]).toBe(3 * IMAGE_NANO_USD);
  await record();
  expect(await found()).toEqual(await expected());
});

test('money that a process of an earlier version has moved is found before sums are written again', async () => {
  const [ref] = await world.enqueue(1, { tenant: 'new' });
  await record();
  const month = new Date().toISOString().slice(0, 7);
  // It neither counts its moves nor tells the periods.
  await world.redis.hincrby(`${world.prefix}:spend:tenant:old:month:${month}`, 'reserved', 7);
  await world.redis.incr(`${world.prefix}:hold-moves`);
  await world.send(ref);
  expect(await record()).toMatchObject({ kind: 'recorded', level: 2 });
  expect(await found()).toEqual(await expected());
});

test('while a process of an earlier version goes on nothing is written', async () => {
  await world.enqueue();
  const store: SpendSumsStore = {
    ...sums,
    findAll: async (memory, covered) => {
      const ended = sums.findAll(memory, covered);
      await world.redis.incr(`${world.prefix}:hold-moves`);
      return ended;
    },
  };
  expect(await record(store)).toEqual({ kind: 'unfollowed' });
  expect(await findSums(world.storage, { now: Date.now() })).toEqual({ passedBy: {} });
});

test('a Redis that was not compared writes none, and what it forgot is no base', async () => {
  await world.enqueue();
  const compared = await world.store.readServerRun();
  const look = await sums.look();
  await world.redis.set(`${world.prefix}:server-run`, 'another');
  expect(await record()).toEqual({ kind: 'not-compared' });
  await world.store.confirmComparison(compared);
  expect(await sums.noteRecorded({ memory: look!.memory, level: 2, key: 'k', moves: look!.moves })).toBe(false);
  expect((await sums.look())?.bases).toEqual({});
});

test('sums that cannot be read, or build on others that cannot, are passed by', async () => {
  await world.enqueue(1, { tenant: 'a' });
  await record();
  const before = await found();
  const [{ key } = { key: '' }] = (await world.storage.listSums(Date.now())).sums;
  const later = (await world.store.readTime()) + 60_000;
  const date = new Date(later).toISOString().slice(0, 10);
  await world.plant(`records/sums/${date}/${later}-a.json`, 'not json');
  const { base: _, ...whole } = await world.storage.readSums(key);
  const broken = { ...whole, level: 0, at: later + 1, base: `records/sums/${date}/0000000000001-x.json` };
  await world.plant(`records/sums/${date}/${later + 1}-b.json`, JSON.stringify(spendSumsSchema.parse(broken)));
  await world.plant(`records/sums/${date}/${later + 2}-c.json`, JSON.stringify({ ...whole, version: 2 }));
  expect(await found()).toEqual(before);
});

test.each([1, 40])('a corrupt base on which %i sums stand gives up no earlier sums, and is named once', async (count) => {
  await world.enqueue(1, { tenant: 'a' });
  await record();
  await record();
  const before = await found();
  const { sums: listed } = await world.storage.listSums(Date.now());
  const [{ key } = { key: '' }] = listed;
  const { base: _, ...whole } = await world.storage.readSums(key);
  // The same on each date of the test.
  const later = Math.min((await world.store.readTime()) + 60_000, Date.parse(`${new Date().toISOString().slice(0, 10)}T23:59:59.000Z`));
  const date = new Date(later).toISOString().slice(0, 10);
  const base = `records/sums/${date}/${later}-base.json`;
  await world.plant(base, 'not json');
  for (let at = 1; at <= count; at += 1)
    await world.plant(
      `records/sums/${date}/${later + at}-a.json`,
      JSON.stringify(spendSumsSchema.parse({ ...whole, level: 0, at: later + at, base, periods: { 'all:day:2020-01-01': at } })),
    );
  const reads = new Map<string, number>();
  const archive: SumsReader = {
    ...world.storage,
    readSums: (read) => {
      reads.set(read, (reads.get(read) ?? 0) + 1);
      return world.storage.readSums(read);
    },
  };
  const search = await findSums(archive, { now: Date.now() + 120_000 });
  expect(Object.fromEntries(search.found?.periods ?? [])).toEqual(before);
  expect(search.passedBy).toEqual({ corrupt: { count: expect.any(Number) as number, key: base } });
  expect(reads.get(base)).toBe(1);
  expect([...reads.values()].reduce((sum, each) => sum + each, 0)).toBeLessThan(25);
});

test('sums of a clock that was ahead are passed by, however many, and named', async () => {
  await world.enqueue(1, { tenant: 'a' });
  await record();
  const before = await found();
  const [{ key } = { key: '' }] = (await world.storage.listSums(Date.now())).sums;
  const whole = await world.storage.readSums(key);
  const now = Date.now();
  const ahead = Array.from({ length: 7 }, (_, at) => now + (at + 5) * 60_000);
  const keyOf = (at: number): string => `records/sums/${new Date(at).toISOString().slice(0, 10)}/${at}-a.json`;
  for (const at of [...ahead, now + 3 * 86_400_000]) await world.plant(keyOf(at), JSON.stringify({ ...whole, at }));
  const { usable, search } = await findUsableSums(world.storage, now, randomUUID);
  expect(Object.fromEntries(usable?.periods ?? [])).toEqual(before);
  expect(search.passedBy).toMatchObject({ ahead: { key: `records/sums/${new Date(now + 3 * 86_400_000).toISOString().slice(0, 10)}/` } });
});

test('a sum of the ledger that cannot be read keeps sums from being written', async () => {
  await world.enqueue();
  await world.redis.hset(`${world.prefix}:spend:all:month:${new Date().toISOString().slice(0, 7)}`, 'reserved', 'many');
  expect(await record()).toEqual({ kind: 'unreadable' });
});

test('periods in which nothing can be held any more are left out, and forgotten', async () => {
  await world.enqueue();
  await sums.look();
  await world.redis.zadd(`${world.prefix}:moved-periods`, 1, 'all:day:2020-01-01');
  await record();
  expect(Object.keys(await found())).toHaveLength(4);
  expect(await world.redis.zscore(`${world.prefix}:moved-periods`, 'all:day:2020-01-01')).toBeNull();
  const covered = coveredAt(Date.UTC(2026, 2, 1, 0, 0, 1));
  expect(covered).toEqual({ fromDay: '2026-02-28', fromMonth: '2026-02' });
  expect(
    ['all:day:2026-02-27', 'all:day:2026-02-28', 'tenant:a:month:2026-01', 'tenant:a:month:2026-02'].map((name) =>
      isCovered(name, covered),
    ),
  ).toEqual([false, true, false, true]);
});

test('dates of records are those of records', async () => {
  const [ref] = await world.enqueue();
  await world.send(ref);
  await record();
  expect(await world.storage.listRecordDates()).toEqual([new Date().toISOString().slice(0, 10)]);
});
