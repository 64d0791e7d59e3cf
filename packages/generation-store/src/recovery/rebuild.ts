import type { Redis } from 'ioredis';
import { z } from 'zod';
import { rebuildKey } from '../keys.ts';
import { damaged } from '../lua/damaged.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { money } from '../lua/money.ts';
import { nameArguments, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { checkpoint } from './checkpoint.ts';
import type { PeriodMoney } from './remembered.ts';

const begun = nameArguments(['id']);

/** Begins to rebuild a store that lost its memory, or continues. Replies open, reading or begun. */
const beginRebuildScript = createLuaScript(/* lua */ `${prelude}
${begun.lua}
if redis.call('EXISTS', prefix .. ':epoch') == 1 then return named({ kind = 'open' }) end
if isReading() then return named({ kind = 'reading' }) end
local now = nowMs()
redis.call('HSETNX', KEYS[1], 'id', id)
redis.call('HSETNX', KEYS[1], 'begunAt', int(now))
local first = redis.call('HMGET', KEYS[1], 'id', 'begunAt')
return named({ kind = 'begun', id = first[1], ageMs = now - tonumber(first[2]), run = serverName() })
`);

/** Money of one period, as the scripts take it. */
export const pastMoney = nameArguments(['period', 'settled', 'expected', 'reported', 'unreported', 'differing']);
export const NOTHING_BOOKED: PeriodMoney = { settled: 0, expected: 0, reported: 0, unreported: 0, differing: 0 };

/**
 * Books the part of amounts that a period lacks beyond a booked field of \`rebuild\`, and stores it there. After the money. Replies what was
 * settled by that part.
 */
export const bookDifference = /* lua */ `
local function bookDifference(field, period, amounts)
  local mark, booked, more = prefix .. ':rebuild', {}, {}
  for number in string.gmatch(redis.call('HGET', mark, field) or '', '%d+') do booked[#booked + 1] = tonumber(number) end
  for i, name in ipairs({ 'settled', 'expected', 'reported', 'unreported', 'differing' }) do more[name] = tonumber(amounts[i]) - (booked[i] or 0) end
  addToPeriods(period, more)
  redis.call('HSET', mark, field, table.concat(amounts, ' '))
  return more.settled
end
`;

/**
 * Books money of generations that have no entry, while their store is rebuilt. The rebuild stores the booked money of each period beside
 * its mark and books the difference, so that it may begin again at any point. A group for each period. Replies booked, open or emptied.
 */
const bookPastScript = createLuaScript(/* lua */ `${prelude}${money}${bookDifference}
${begun.lua}
if isOpen() then return 'open' end
if redis.call('HGET', KEYS[1], 'id') ~= id then return 'emptied' end
${pastMoney.each(begun.after)} soundLedger(period) end
${pastMoney.each(begun.after)} bookDifference('past:' .. period, period, { settled, expected, reported, unreported, differing }) end
return 'booked'
`);

const rebuilt = nameArguments(['epoch', 'id', 'run', 'ownerId']);

/**
 * Opens a rebuilt store, unless it lost its memory once more (the mark of its beginning is gone) or the server has another name and may
 * have forgotten the last moments. With further arguments, fields of \`reading\` and their values, it is open and not whole yet. Replies:
 * opened | open | emptied | restarted
 */
const finishRebuildScript = createLuaScript(/* lua */ `${prelude}${checkpoint}${damaged}
${rebuilt.lua}
if isOpen() then return 'open' end
if redis.call('HGET', KEYS[1], 'id') ~= id then return 'emptied' end
if serverName() ~= run then return 'restarted' end
if #ARGV < ${rebuilt.after} then
  redis.call('SET', prefix .. ':epoch', epoch)
  redis.call('UNLINK', KEYS[1], prefix .. ':read')
  -- left by an attempt to open before everything was read
  if countDamaged() == 0 then redis.call('UNLINK', unreadKey, unreadMoneyKey) end
else
  local unread = redis.call('HLEN', prefix .. ':unread')
  redis.call('HSET', prefix .. ':reading', 'id', id, 'epoch', epoch, 'openedAt', int(nowMs()), 'total', int(unread),
    'dates', redis.call('HGET', KEYS[1], 'dates') or '', unpack(ARGV, ${rebuilt.after}))
  -- without them no cap knows the unread money, and nothing is bought
  local told = redis.call('HMGET', prefix .. ':reading', 'fromDay', 'fromMonth')
  redis.call('HSET', prefix .. ':unread-money', '@fromDay', told[1] or '9999', '@fromMonth', told[2] or '9999')
end
trustServer()
if ownerId ~= '' then redis.call('SET', prefix .. ':owner', ownerId) end
redis.call('DEL', prefix .. ':owner-claim')
beginMemory()
distrustCheckpoints()
writeCheckpoint()
return 'opened'
`);

/** A rebuild that is to open the store. */
export interface RebuiltStore {
  id: string;
  run: string;
  epoch: string;
  ownerId?: string;
}

/** A rebuild that this process or an earlier one began. */
export interface BegunRebuild {
  kind: 'begun';
  id: string;
  /** Time since it was begun, in milliseconds. */
  ageMs: number;
  /** The run of the server in which it must end. */
  run: string;
}

const beginReplySchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['open', 'reading']) }),
    z.object({ kind: z.literal('begun'), id: z.string(), ageMs: number, run: z.string().default('') }),
  ]),
);

/**
 * Begins to rebuild a store without an epoch, or continues.
 * @param id Names the rebuild, if it is the first.
 * @returns "reading" if a rebuild has opened it and reads on.
 */
export async function beginRebuild(
  redis: Redis,
  prefix: string,
  id: string,
): Promise<BegunRebuild | { kind: 'open' } | { kind: 'reading' }> {
  return beginReplySchema.parse(await beginRebuildScript.run(redis, rebuildKey(prefix), [prefix, id]));
}

/** Periods that are booked at once: a script blocks the server. */
export const BOOKED_AT_ONCE = 200;

/**
 * Books money of generations that get no entry, by period. A second call replaces the sums that this rebuild has booked.
 * @returns "emptied" if Redis lost its memory since the rebuild was begun, "open" if another rebuild was first.
 */
export async function bookPast(
  redis: Redis,
  prefix: string,
  id: string,
  sums: ReadonlyMap<string, PeriodMoney>,
): Promise<'booked' | 'open' | 'emptied'> {
  const key = rebuildKey(prefix);
  // An earlier rebuild may have booked a period that now has no money.
  const periods = [...new Set([...(await readMarks(redis, prefix, 'past:')), ...sums.keys()])];
  for (let at = 0; at < periods.length; at += BOOKED_AT_ONCE) {
    const some = periods.slice(at, at + BOOKED_AT_ONCE).flatMap((period) => {
      return pastMoney.list({ period, ...(sums.get(period) ?? NOTHING_BOOKED) });
    });
    const reply = z.enum(['booked', 'open', 'emptied']).parse(await bookPastScript.run(redis, key, [prefix, id, ...some]));
    if (reply !== 'booked') return reply;
  }
  return 'booked';
}

/** Reads the ends of the fields of `rebuild` with this beginning, a page at a time: many tenants make a hundred thousand. */
export async function readMarks(redis: Redis, prefix: string, begin: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(rebuildKey(prefix), cursor, 'MATCH', `${begin}*`, 'COUNT', BOOKED_AT_ONCE);
    for (let at = 0; at < flat.length; at += 2) found.add((flat[at] ?? '').slice(begin.length));
    cursor = next;
  } while (cursor !== '0');
  return [...found];
}

/**
 * Opens the store.
 * @param reading Fields of `reading` and their values in turn, if the rebuild goes on to read.
 * @returns "emptied" if Redis lost its memory since the rebuild was begun, "restarted" if it may have forgotten the last moments of it,
 * "open" if another rebuild was first.
 */
export async function finishRebuild(
  redis: Redis,
  prefix: string,
  store: RebuiltStore,
  reading: readonly (string | number)[] = [],
): Promise<'opened' | 'open' | 'emptied' | 'restarted'> {
  const { id, run, epoch, ownerId } = store;
  const reply = await finishRebuildScript.run(redis, rebuildKey(prefix), [
    prefix,
    ...rebuilt.list({ epoch, id, run, ownerId }),
    ...reading,
  ]);
  return z.enum(['opened', 'open', 'emptied', 'restarted']).parse(reply);
}
