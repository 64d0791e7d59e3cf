import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { rebuildKey } from '../keys.ts';
import { createLuaScript, type LuaScript } from '../lua/lua-script.ts';
import { money } from '../lua/money.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

const notedSchema = z.enum(['noted', 'open', 'emptied']);
/** "open": another rebuild was first. "emptied": Redis has lost the notes of this one. */
export type NotedForOpening = z.infer<typeof notedSchema>;

const rebuild = nameArguments(['rebuildId']);
/** Checks that a rebuild may go on to open the store. After the prelude. */
const mayOpen = /* lua */ `
${rebuild.lua}
if isOpen() then return 'open' end
if redis.call('HGET', KEYS[1], 'id') ~= rebuildId then return 'emptied' end
`;

const ofDate = nameArguments(['date'], rebuild.after);
const names = nameArguments(['id', 'count'], ofDate.after);

/**
 * Notes a date of which the rebuild will not have read everything when it opens the store, and generations of it that are to come back, each
 * with its number of names in S3. Dates that an earlier attempt or another rebuild has noted stay. Replies: noted | open | emptied
 */
const noteUnreadScript = createLuaScript(/* lua */ `${prelude}${mayOpen}
${ofDate.lua}
local dates = redis.call('HGET', KEYS[1], 'dates') or ''
if not string.find(dates, date, 1, true) then redis.call('HSET', KEYS[1], 'dates', dates .. date .. ' ') end
${names.each()} redis.call('HSET', prefix .. ':unread', id, count) end
return 'noted'
`);

const noted = nameArguments(['period', 'sum'], rebuild.after);

/** Notes held and charged sums of periods. Of two rebuilds at once the higher sum stands. Replies: noted | open | emptied */
const noteUnreadMoneyScript = createLuaScript(/* lua */ `${prelude}${money}${mayOpen}
local key = prefix .. ':unread-money'
${noted.each()}
  local known = tonumber(redis.call('HGET', key, period) or '0') or 0
  if known < tonumber(sum) then redis.call('HSET', key, period, sum) end
  noteMoved(period)
end
return 'noted'
`);

/** Forgets the notes of a rebuild that now reads everything before it opens the store. Replies: noted | open | emptied */
const forgetUnreadScript = createLuaScript(/* lua */ `${prelude}${mayOpen}
redis.call('UNLINK', prefix .. ':unread', prefix .. ':unread-money', prefix .. ':read', prefix .. ':damaged')
return 'noted'
`);

/** Generations or periods that are noted at once: a script blocks the server. */
const AT_ONCE = 500;

async function noteInParts(
  script: LuaScript,
  redis: Redis,
  first: readonly [prefix: string, ...string[]],
  items: ReadonlyMap<string, number>,
): Promise<NotedForOpening> {
  const flat = [...items];
  for (let at = 0; at === 0 || at < flat.length; at += AT_ONCE) {
    const reply = notedSchema.parse(await script.run(redis, rebuildKey(first[0]), [...first, ...flat.slice(at, at + AT_ONCE).flat()]));
    if (reply !== 'noted') return reply;
  }
  return 'noted';
}

/** Notes what a rebuild will not have read of a date when it opens the store (`ReadingStore`). */
export const noteUnread = (redis: Redis, prefix: string, id: string, date: string, generations: ReadonlyMap<string, number>) =>
  noteInParts(noteUnreadScript, redis, [prefix, id, date], generations);

/** Notes the money of what a rebuild will not have read (`ReadingStore`). */
export const noteUnreadMoney = (redis: Redis, prefix: string, id: string, sums: ReadonlyMap<string, NanoUsd>) =>
  noteInParts(noteUnreadMoneyScript, redis, [prefix, id], sums);

/** Forgets these notes (`ReadingStore`). */
export const forgetUnread = async (redis: Redis, prefix: string, id: string): Promise<NotedForOpening> =>
  notedSchema.parse(await forgetUnreadScript.run(redis, rebuildKey(prefix), [prefix, id]));
