import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readingKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { readsHere } from './reads-here.ts';
import { BOOKED_AT_ONCE, bookDifference, NOTHING_BOOKED, pastMoney, readMarks } from './rebuild.ts';
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

const ofReader = nameArguments(['reader']);
const period = nameArguments(['period'], ofReader.after);
const ofDate = nameArguments(['reader', 'date']);
const given = nameArguments(['reader', 'date', 'isLast']);

/**
 * Removes the id by which a reader of an earlier version books. Replies the name of the reader, or nil if this rebuild no longer reads in
 * this Redis, or Redis is not compared with S3.
 */
const beginPastScript = createNamedScript(['id'])(/* lua */ `${prelude}${readsHere}
local reader = id .. ' ' .. memoryId()
if not readsHere(reader) then return false end
redis.call('HDEL', prefix .. ':rebuild', 'id')
return reader
`);

/** Takes back the bookings of a reader of an earlier version in some periods. Replies 1, or 0 to a reader that must begin again. */
const takeBackScript = createLuaScript(/* lua */ `${prelude}${money}${bookDifference}${readsHere}
${ofReader.lua}
if not readsHere(reader) then return 0 end
${period.each()} soundLedger(period) end
${period.each()}
  bookDifference('past:' .. period, period, { 0, 0, 0, 0, 0 })
  redis.call('HDEL', prefix .. ':rebuild', 'past:' .. period)
end
return 1
`);

/**
 * Books money of one date: a group for each period after the first arguments. These charges are older than the sums, so the unread money
 * held them. Replies booked, known or gone.
 */
const bookDateScript = createLuaScript(/* lua */ `${prelude}${money}${bookDifference}${readsHere}
${given.lua}
local mark, unread = prefix .. ':rebuild', prefix .. ':unread-money'
if not readsHere(reader) then return 'gone' end
if redis.call('HEXISTS', mark, 'past:' .. date) == 1 then return 'known' end
${pastMoney.each(given.after)} soundLedger(period) end
${pastMoney.each(given.after)}
  local more = bookDifference('booked:' .. date .. ' ' .. period, period, { settled, expected, reported, unreported, differing })
  local less = math.min(more, tonumber(redis.call('HGET', unread, period) or '') or 0)
  if less ~= 0 then redis.call('HINCRBY', unread, period, int(-less)) end
end
if isLast == '1' then redis.call('HSET', mark, 'past:' .. date, 1) end
return 'booked'
`);

/** Removes the fields that follow the arguments: the mark of the date has taken their place. */
const tidyDateScript = createLuaScript(/* lua */ `${prelude}${readsHere}
${ofDate.lua}
if not readsHere(reader) or redis.call('HEXISTS', prefix .. ':rebuild', 'past:' .. date) == 0 then return 0 end
return redis.call('HDEL', prefix .. ':rebuild', unpack(ARGV, ${ofDate.after}))
`);

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const flag = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1);

/** A reader that has begun, or continues. */
export interface BegunReader {
  /** Names it: the rebuild, and the memory of Redis in which it reads. */
  reader: string;
  /** Dates whose past money is booked. */
  bookedDates: Set<string>;
}

/**
 * Begins to book money of generations that get no entry, or continues.
 * @returns undefined if this rebuild no longer reads in this Redis, or Redis is not compared with S3.
 */
export async function beginPast(redis: Redis, prefix: string, id: string): Promise<BegunReader | undefined> {
  const key = readingKey(prefix);
  const reader = z
    .string()
    .nullable()
    .parse(await beginPastScript.run(redis, key, prefix, { id }));
  if (reader === null) return undefined;
  const names = await readMarks(redis, prefix, 'past:');
  const periods = names.filter((name) => !DATE.test(name));
  for (let at = 0; at < periods.length; at += BOOKED_AT_ONCE)
    if (!flag.parse(await takeBackScript.run(redis, key, [prefix, reader, ...periods.slice(at, at + BOOKED_AT_ONCE)]))) return undefined;
  return { reader, bookedDates: new Set(names.filter((name) => DATE.test(name))) };
}

/**
 * Books the money of a date, once. After a death in the middle it is called again with the sums that the records of the date tell then.
 * @returns "known" if it was booked before, "gone" to a reader that must begin again.
 */
export async function bookPastDate(
  redis: Redis,
  prefix: string,
  reader: string,
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
        await bookDateScript.run(redis, readingKey(prefix), [prefix, ...given.list({ reader, date, isLast: isLast ? 1 : 0 }), ...some]),
      );
    if (reply !== 'booked') return reply;
    if (isLast) break;
  }
  // The mark of the date takes their place; killed before, they stay until all is read.
  for (let at = 0; at < periods.length; at += BOOKED_AT_ONCE)
    await tidyDateScript.run(redis, readingKey(prefix), [
      prefix,
      ...ofDate.list({ reader, date }),
      ...periods.slice(at, at + BOOKED_AT_ONCE).map((period) => `booked:${date} ${period}`),
    ]);
  return 'booked';
}
