import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { buildReadingStore, type ReadingStore } from '../src/index.ts';
import { setup, type World } from './world.ts';

const ID = 'rebuild-1';
const [MONDAY, TUESDAY] = ['2026-01-05', '2026-01-06'] as const;
/** Three scripts for a date. */
const PERIODS = 450;
const names = Array.from({ length: PERIODS }, (_, at) => `tenant:t${at}:month:2026-01`);
const charged = (settled: number) => ({ settled, expected: settled, reported: settled, unreported: 1, differing: 0 });
const each = (settled: number) => new Map(names.map((name) => [name, charged(settled)]));

/** A store that a rebuild has opened, and that reads on. */
async function openEarly(world: World): Promise<ReadingStore> {
  const { redis, prefix, store } = world;
  await redis.del(`${prefix}:epoch`);
  const begun = await store.beginRebuild(ID);
  if (begun.kind !== 'begun') throw new Error('the store is open');
  const reading = buildReadingStore(world, redis);
  const plan = { since: 0, pastBefore: 0, sumsAt: 0, skipDamaged: false, fromDay: MONDAY, fromMonth: '2026-01' };
  expect(await reading.openEarly({ id: ID, run: begun.run, epoch: 'an epoch' }, plan)).toBe('opened');
  return reading;
}

async function expectLedger({ redis, prefix }: World, settled: number, unreported: number): Promise<void> {
  const found = await Promise.all(names.map((name) => redis.hmget(`${prefix}:spend:${name}`, 'settled', 'unreported')));
  expect(new Set(found.map(String))).toEqual(new Set([`${settled},${unreported}`]));
}

/** A connection of a process that is killed after so many commands. */
const dying = (redis: Redis, commands: number): Redis => {
  let left = commands;
  return new Proxy(redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (left === 0) throw new Error('killed');
        left -= 1;
        return Reflect.apply(value, target, given);
      };
    },
  });
};

test('the money of a date is booked once, wherever its reader is killed', async () => {
  await using world = await setup();
  const reading = await openEarly(world);
  const { reader, bookedDates } = (await reading.beginPast(ID))!;
  expect(bookedDates).toEqual(new Set());
  let isBooked = false;
  for (let commands = 0; !isBooked; commands += 1) {
    expect(commands).toBeLessThan(40);
    const killed = buildReadingStore(world, dying(world.redis, commands));
    // What was killed may have read more than the next one finds.
    await killed.bookPastDate(reader, MONDAY, each(commands % 2 === 0 ? 5 : 7)).catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== 'killed') throw error;
    });
    isBooked = (await reading.beginPast(ID))?.bookedDates.has(MONDAY) === true;
    if (isBooked) await expectLedger(world, commands % 2 === 0 ? 5 : 7, 1);
  }
  const settled = Number(await world.redis.hget(`${world.prefix}:spend:${names[0]}`, 'settled'));
  expect(await reading.bookPastDate(reader, MONDAY, each(9))).toBe('known');
  expect(await reading.bookPastDate(reader, TUESDAY, each(3))).toBe('booked');
  await expectLedger(world, settled + 3, 2);
});

test('a reader first takes back the bookings of an earlier version, and a reader of that version books nothing beside it', async () => {
  await using world = await setup();
  const { redis, prefix } = world;
  const reading = await openEarly(world);
  for (const name of names) {
    await redis.hset(`${prefix}:rebuild`, `past:${name}`, '8 8 8 2 0');
    await redis.hset(`${prefix}:spend:${name}`, 'settled', 8, 'expected', 8, 'reported', 8, 'unreported', 2);
  }
  await buildReadingStore(world, dying(redis, 3))
    .beginPast(ID)
    .catch(() => undefined);
  const { reader, bookedDates } = (await reading.beginPast(ID))!;
  expect(bookedDates).toEqual(new Set());
  await expectLedger(world, 0, 0);
  expect(await redis.hget(`${prefix}:rebuild`, 'id'), 'what an earlier version asks for before it books').toBeNull();
  expect(await reading.bookPastDate(reader, MONDAY, each(5))).toBe('booked');
  expect(await reading.bookPastDate(reader, TUESDAY, each(3))).toBe('booked');
  await expectLedger(world, 8, 2);
  expect(await reading.beginPast('another')).toBeUndefined();
  expect(await reading.bookPastDate('another', '2026-01-07', each(1))).toBe('gone');
});
