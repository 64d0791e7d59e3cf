import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readingKey, rebuildKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { money } from '../lua/money.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { BOOKED_AT_ONCE, bookDifference, NOTHING_BOOKED, pastMoney } from './rebuild.ts';
import type { PeriodMoney } from './remembered.ts';

/**
 * Money of generations that get no entry while a rebuild that has opened the store reads on. It is booked date by date, so that an
 * interrupted reader repeats only one date. The hash `rebuild` holds `past:<date>` for each booked date, written by the script that books
 * the last money of it. A date of many periods takes several scripts; until the last one, `booked:<date> <period>` holds the money that the
 * others have booked.
 *
 * A reader of an earlier version booked the money of all dates at once, at its end, and stored `past:<period>`. Such a booking is taken
 * back before the first date; unread money counts for it meanwhile. Beside a later reader one of an earlier version books nothing: it looks
 * for the id of the rebuild in this hash, which the later one has removed. It reads what it can, and leaves the end to a later one.
 */

const given = nameArguments(['reading', 'date', 'isLast']);

/** Removes the id by which a reader of an earlier version books. Replies 1, or 0 if this rebuild no longer reads in this Redis. */
const beginPastScript = createLuaScript(/* lua */ `${prelude}
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[2] then return 0 end
redis.call('HDEL', prefix .. ':rebuild', 'id')
return 1
`);

/** Takes back the bookings of a reader of an earlier version in some periods, from ARGV[3] on. Replies 1, or 0 as the script before. */
const takeBackScript = createLuaScript(/* lua */ `${prelude}${money}${bookDifference}
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[2] then return 0 end
for at = 3, #ARGV do soundLedger(ARGV[at]) end
for at = 3, #ARGV do
  bookDifference('past:' .. ARGV[at], ARGV[at], { 0, 0, 0, 0, 0 })
  redis.call('HDEL', prefix .. ':rebuild', 'past:' .. ARGV[at])
end
return 1
`);

/** Books money of one date: a group for each period after the first arguments. Replies booked, known or gone. */
const bookDateScript = createLuaScript(/* lua */ `${prelude}${money}${bookDifference}
${given.lua}
local first, mark = ${given.count + 2}, prefix .. ':rebuild'
if redis.call('HGET', KEYS[1], 'id') ~= reading then return 'gone' end
if redis.call('HEXISTS', mark, 'past:' .. date) == 1 then return 'known' end
for at = first, #ARGV, ${pastMoney.count} do soundLedger(ARGV[at]) end
for at = first, #ARGV, ${pastMoney.count} do
  bookDifference('booked:' .. date .. ' ' .. ARGV[at], ARGV[at], { unpack(ARGV, at + 1, at + ${pastMoney.count - 1}) })
end
if isLast == '1' then redis.call('HSET', mark, 'past:' .. date, 1) end
return 'booked'
`);

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const flag = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1);

/**
 * Begins to book money of generations that get no entry, or continues.
 * @returns the booked dates; undefined if this rebuild no longer reads in this Redis.
 */
export async function beginPast(redis: Redis, prefix: string, id: string): Promise<Set<string> | undefined> {
  const key = readingKey(prefix);
  if (!flag.parse(await beginPastScript.run(redis, key, [prefix, id]))) return undefined;
  const names = await readMarks(redis, prefix, 'past:');
  const periods = names.filter((name) => !DATE.test(name));
  for (let at = 0; at < periods.length; at += BOOKED_AT_ONCE)
    if (!flag.parse(await takeBackScript.run(redis, key, [prefix, id, ...periods.slice(at, at + BOOKED_AT_ONCE)]))) return undefined;
  return new Set(names.filter((name) => DATE.test(name)));
}

/**
 * Books the money of a date, once. After a death in the middle it is called again with the sums that the records of the date tell then.
 * @returns "known" if it was booked before, "gone" if this rebuild no longer reads in this Redis.
 */
export async function bookPastDate(
  redis: Redis,
  prefix: string,
  id: string,
  date: string,
  sums: ReadonlyMap<string, PeriodMoney>,
): Promise<'booked' | 'known' | 'gone'> {
  const unfinished = await readMarks(redis, prefix, `booked:${date} `);
  const periods = [...new Set([...unfinished, ...sums.keys()])];
  for (let at = 0; ; at += BOOKED_AT_ONCE) {
    const isLast = at + BOOKED_AT_ONCE >= periods.length;
    const some = periods
      .slice(at, at + BOOKED_AT_ONCE)
      .flatMap((period) => pastMoney.list({ period, ...(sums.get(period) ?? NOTHING_BOOKED) }));
    const reply = z
      .enum(['booked', 'known', 'gone'])
      .parse(
        await bookDateScript.run(redis, readingKey(prefix), [
          prefix,
          ...given.list({ reading: id, date, isLast: isLast ? 1 : 0 }),
          ...some,
        ]),
      );
    if (reply !== 'booked') return reply;
    if (isLast) break;
  }
  // The mark of the date takes their place; killed before, they stay until all is read.
  for (let at = 0; at < periods.length; at += BOOKED_AT_ONCE)
    await redis.hdel(rebuildKey(prefix), ...periods.slice(at, at + BOOKED_AT_ONCE).map((period) => `booked:${date} ${period}`));
  return 'booked';
}

/** Reads the other field names of `rebuild` with this start, a page at a time: many tenants make a hundred thousand. */
async function readMarks(redis: Redis, prefix: string, begin: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(rebuildKey(prefix), cursor, 'MATCH', `${begin}*`, 'COUNT', BOOKED_AT_ONCE);
    for (let at = 0; at < flat.length; at += 2) found.add((flat[at] ?? '').slice(begin.length));
    cursor = next;
  } while (cursor !== '0');
  return [...found];
}
