import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readingKey } from '../keys.ts';
import { damaged } from '../lua/damaged.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { flag, nameArguments, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { forgetDamaged, noteDamaged, type NewDamage } from './damaged.ts';
import { checkpoint } from './checkpoint.ts';
import { readsHere } from './reads-here.ts';
import { forgetUnread, noteUnread, noteUnreadMoney, type NotedForOpening } from './opening-notes.ts';
import { beginPast, bookPastDate, type BegunReader } from './past-dates.ts';
import { finishRebuild } from './rebuild.ts';
import type { PeriodMoney } from './remembered.ts';
import { type UnreadDates, unreadDates, unreadDatesSchema } from './unread-dates.ts';

/**
 * A store that a rebuild has opened and reads on. Until all is read its epoch lies only in the hash `reading`, which scripts of earlier
 * versions do not know: to them the store is closed.
 *
 * `reading`: id of the rebuild, epoch, the order of the rebuild, and the dates that it had not read (unread-dates.ts). `unread`: generations to restore that are not read yet, with the
 * number of names that S3 held of each before the store was opened. `read`: those that are read. `unread-money`: by period, at least the
 * charges of all unread generations; `@fromDay` and `@fromMonth` are the earliest periods that it covers. Each read generation lowers it,
 * in one script with the move from `unread` to `read`. Damaged generations stay in both after all else is read (lua/damaged.ts).
 */

const readingFields = ['since', 'pastBefore', 'sumsAt', 'skipDamaged', 'fromDay', 'fromMonth'] as const;

/** Replies the fields of the rebuild that reads, and how many generations and which dates are left; nil while none reads. */
const findReadingScript = createLuaScript(/* lua */ `${prelude}${damaged}${unreadDates}
if not isReading() then return false end
local reading = hash(KEYS[1])
reading.dates = unreadDates()
reading.left = redis.call('HLEN', unreadKey) - countDamaged()
return named(reading)
`);

const ofIds = nameArguments(['id']);

/** Replies those generations that are not read yet, and the damaged ones among them. */
const findUnreadScript = createLuaScript(/* lua */ `${prelude}${damaged}
local unread, damaged = {}, {}
${ofIds.each()}
  if damageOf(id) then damaged[#damaged + 1] = id
  elseif redis.call('HEXISTS', unreadKey, id) == 1 then unread[#unread + 1] = id end
end
return named({ unread = unread, damaged = damaged })
`);

const read = nameArguments(['reader', 'id']);
const charged = nameArguments(['period', 'charge'], read.after);

/**
 * Notes that a generation was read and is back. Its charges before the sums were made, a group for each period, are in the ledger now, and
 * no longer in the unread money. A second call lowers nothing. Replies: read | known | gone (the reader must begin again).
 */
const noteReadScript = createLuaScript(/* lua */ `${prelude}${damaged}${readsHere}
${read.lua}
if not readsHere(reader) then return 'gone' end
-- another reader may have found it damaged; its charges count until all is read
if forgetDamaged(id) then return 'read' end
if redis.call('HDEL', prefix .. ':unread', id) == 0 then return 'known' end
redis.call('SADD', prefix .. ':read', id)
local key = prefix .. ':unread-money'
${charged.each()}
  local left = tonumber(redis.call('HGET', key, period) or '0') or 0
  local less = math.min(left, tonumber(charge))
  if less > 0 then redis.call('HINCRBY', key, period, int(-less)) end
end
return 'read'
`);

/** Keeps a generation from buying until all is read, like those that are read. Replies 1 or 0. */
const holdBackScript = createLuaScript(/* lua */ `${prelude}${readsHere}
${read.lua}
if not readsHere(reader) then return 0 end
redis.call('SADD', prefix .. ':read', id)
return 1
`);

/** Length of a month and the next one. */
const DAMAGED_KEPT_SECONDS = 62 * 86_400;

/**
 * Ends the reading of a rebuild: the store is as open as any. Replies: opened | open (by a rebuild of an earlier version) | emptied |
 * restarted | unread
 */
const endReadingScript = createNamedScript(['reader', 'rebuildId'])(/* lua */ `${prelude}${checkpoint}${damaged}${readsHere}
local reading = prefix .. ':reading'
local isWhole = redis.call('EXISTS', prefix .. ':epoch') == 1
local known = redis.call('HMGET', reading, 'id', 'epoch')
if known[1] ~= rebuildId then return isWhole and 'open' or 'emptied' end
if not isWhole then
  if not known[2] then return 'emptied' end
  if not readsHere(reader) then return 'restarted' end
  if redis.call('HLEN', unreadKey) > countDamaged() then return 'unread' end
  redis.call('SET', prefix .. ':epoch', known[2])
end
redis.call('UNLINK', reading, prefix .. ':read', prefix .. ':rebuild')
distrustCheckpoints()
if countDamaged() == 0 then
  redis.call('UNLINK', unreadKey, unreadMoneyKey)
else
  -- by then no period is left in which it may have been held
  redis.call('EXPIRE', unreadKey, ${DAMAGED_KEPT_SECONDS})
  redis.call('EXPIRE', unreadMoneyKey, ${DAMAGED_KEPT_SECONDS})
  redis.call('EXPIRE', damagedKey, ${DAMAGED_KEPT_SECONDS})
end
return isWhole and 'open' or 'opened'
`);

/** The order of a rebuild that opens the store before it has read everything. Another process may go on with it. */
export interface ReadingPlan {
  /** Generations older than this come back only if they are not over; milliseconds since 1970. */
  since: number;
  /** Generations that ended before this get no entry; milliseconds since 1970. */
  pastBefore: number;
  /** Redis time of the sums that bound the unread money, in milliseconds since 1970. */
  sumsAt: number;
  skipDamaged: boolean;
  /** The earliest day and month whose periods the sums cover. */
  fromDay: string;
  fromMonth: string;
}

/** A rebuild that has opened the store and reads on. */
export interface Reading extends ReadingPlan {
  id: string;
  /** Milliseconds since 1970. */
  openedAt: number;
  /** Number of generations that were unread when the store was opened, and of those that still are. */
  total: number;
  left: number;
  /** Dates of records with something left to read, or all dates of the bucket if an earlier version opened the store. */
  dates: UnreadDates;
}

/** The notes in Redis of a rebuild that reads on. Every method is one script or a few. */
export interface ReadingStore {
  /**
   * Notes a date with something to read after the store was opened.
   * @param names Generations of it that are to come back, each with its number of names in S3.
   */
  noteUnread(id: string, date: string, names: ReadonlyMap<string, number>): Promise<NotedForOpening>;
  /** Notes held and charged sums by period. */
  noteUnreadMoney(id: string, sums: ReadonlyMap<string, NanoUsd>): Promise<NotedForOpening>;
  /** Forgets both, before a rebuild that opens the store once everything is read. */
  forgetUnread(id: string): Promise<NotedForOpening>;
  /** Opens the store before everything is read. Replies as `finishRebuild` does. */
  openEarly(
    rebuilt: { id: string; run: string; epoch: string; ownerId?: string },
    plan: ReadingPlan,
  ): Promise<'opened' | 'open' | 'emptied' | 'restarted'>;
  /** Returns the rebuild that opened the store and still reads the bucket; undefined without one. */
  findReading(): Promise<Reading | undefined>;
  /** Returns those generations that are not read yet, and those that were found damaged. */
  findUnread(generationIds: readonly string[]): Promise<{ unread: Set<string>; damaged: Set<string> }>;
  /** Yields generations that are not read yet, a few at a time, without the damaged ones. */
  listUnread(): AsyncGenerator<string[], void, undefined>;
  /**
   * Notes that a generation is back.
   * @param charged Its money in the ledger, and in the sums, by period.
   * @returns "known" the second time; "gone" to a reader that must begin again.
   */
  noteRead(reader: string, generationId: string, charged: ReadonlyMap<string, NanoUsd>): Promise<'read' | 'known' | 'gone'>;
  /** Begins a reader, or continues. @returns undefined if this rebuild no longer reads, or Redis is not compared with S3. */
  beginPast(id: string): Promise<BegunReader | undefined>;
  /** Books money of a date, once. */
  bookPastDate(reader: string, date: string, sums: ReadonlyMap<string, PeriodMoney>): Promise<'booked' | 'known' | 'gone'>;
  /** Keeps a generation from buying until all is read. */
  holdBack(reader: string, generationId: string): Promise<void>;
  /** Notes that the records of a generation are damaged: it stays refused and counted, and the reading does not wait for it. */
  noteDamaged(id: string, damage: NewDamage): Promise<'noted' | 'known' | 'gone'>;
  /** Gives a damaged generation up. */
  forgetDamaged(generationId: string): Promise<void>;
  /**
   * Ends the reading once only damaged generations are left.
   * @param reader Absent if it could not begin.
   * @returns "restarted" to a reader that must begin again: Redis is not compared since it restarted, or went back meanwhile.
   */
  endReading(id: string, reader?: string): Promise<'opened' | 'open' | 'emptied' | 'restarted' | 'unread'>;
}

/** The turn of the one process that reads on: the command, or a worker after it has ended. */
export const READING_TURN = 'reading';
/** Generations that are noted at once: a script blocks the server. */
const AT_ONCE = 500;
const endSchema = z.enum(['opened', 'open', 'emptied', 'restarted', 'unread']);
const readSchema = z.enum(['read', 'known', 'gone']);
const ids = z.array(z.string()).transform((list) => new Set(list));
const unreadSchema = namedReply(z.object({ unread: ids, damaged: ids }));
const readingSchema = namedReply(
  z.object({
    id: z.string(),
    openedAt: number,
    total: number,
    since: number,
    pastBefore: number,
    sumsAt: number,
    skipDamaged: flag,
    fromDay: z.string(),
    fromMonth: z.string(),
    left: number,
    dates: unreadDatesSchema.default([]),
  }),
).nullable();

/** Returns the rebuild that has opened the store and reads on; undefined without one. */
export const findReading = async (redis: Redis, prefix: string): Promise<Reading | undefined> =>
  readingSchema.parse(await findReadingScript.run(redis, readingKey(prefix), [prefix])) ?? undefined;

export function buildReadingStore({ prefix }: { prefix: string }, redis: Redis): ReadingStore {
  const key = readingKey(prefix);
  return {
    noteUnread: (id, date, names) => noteUnread(redis, prefix, id, date, names),
    noteUnreadMoney: (id, sums) => noteUnreadMoney(redis, prefix, id, sums),
    forgetUnread: (id) => forgetUnread(redis, prefix, id),
    openEarly(rebuilt, plan) {
      const fields = readingFields.flatMap((field) => [field, field === 'skipDamaged' ? Number(plan[field]) : plan[field]]);
      return finishRebuild(redis, prefix, rebuilt, fields);
    },
    findReading: () => findReading(redis, prefix),
    async findUnread(generationIds) {
      if (generationIds.length === 0) return { unread: new Set(), damaged: new Set() };
      return unreadSchema.parse(await findUnreadScript.run(redis, key, [prefix, ...generationIds]));
    },
    async *listUnread() {
      let cursor = '0';
      do {
        const [next, some] = await redis.hscan(`${prefix}:unread`, cursor, 'COUNT', AT_ONCE);
        cursor = next;
        // each with its number of names in S3
        yield some.filter((_, at) => at % 2 === 0 && !some[at + 1]?.startsWith('damaged '));
      } while (cursor !== '0');
    },
    noteRead: async (reader, id, charges) =>
      readSchema.parse(await noteReadScript.run(redis, key, [prefix, ...read.list({ reader, id }), ...[...charges].flat()])),
    beginPast: (id) => beginPast(redis, prefix, id),
    bookPastDate: (reader, date, sums) => bookPastDate(redis, prefix, reader, date, sums),
    holdBack: async (reader, id) => void (await holdBackScript.run(redis, key, [prefix, ...read.list({ reader, id })])),
    noteDamaged: (id, damage) => noteDamaged(redis, prefix, id, damage),
    forgetDamaged: (generationId) => forgetDamaged(redis, prefix, generationId),
    endReading: async (rebuildId, reader) => endSchema.parse(await endReadingScript.run(redis, key, prefix, { rebuildId, reader })),
  };
}

/** Returns true while a rebuild that has opened the store reads on. */
export const isReading = async (redis: Redis, prefix: string): Promise<boolean> => (await redis.exists(readingKey(prefix))) === 1;
