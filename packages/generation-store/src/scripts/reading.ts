import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/**
 * A store that a rebuild has opened and goes on to read. Until all is read its epoch lies in the hash `reading` alone, where scripts of
 * earlier versions, which know nothing of all this, do not find it: to them the store is closed.
 *
 * `reading`: id of the rebuild, epoch, and what the rebuild was asked for. `unread`: generations that are to come back and are not read yet,
 * with how many names S3 held of each before the store was opened; `read`: those that are. `unread-money`: by period, at least what all that is not read was charged; `@fromDay` and
 * `@fromMonth` are the earliest whose periods it tells. What is read lowers it, in one script with the move from `unread` to `read`.
 */

const fields = ['since', 'pastBefore', 'sumsAt', 'skipDamaged', 'fromDay', 'fromMonth'] as const;
export type ReadingField = (typeof fields)[number];
export const readingFields: readonly ReadingField[] = fields;

/** Whether the rebuild ARGV[2] may go on to open the store. After the prelude. */
const mayOpen = /* lua */ `
if isOpen() then return 'open' end
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[2] then return 'emptied' end
`;

/**
 * Notes generations that the rebuild ARGV[2] will not have read when it opens the store: from ARGV[3] on, each with how many names S3 holds.
 * Replies: noted | open | emptied
 */
export const noteUnreadScript = createLuaScript(/* lua */ `${prelude}${mayOpen}
for at = 3, #ARGV, 2 do redis.call('HSET', prefix .. ':unread', ARGV[at], ARGV[at + 1]) end
return 'noted'
`);

/**
 * Notes what was held and charged in periods, from ARGV[3] on, each with its sum. Of two rebuilds at once the higher one stands.
 * Replies: noted | open | emptied
 */
export const noteUnreadMoneyScript = createLuaScript(/* lua */ `${prelude}${money}${mayOpen}
local key = prefix .. ':unread-money'
for at = 3, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', key, ARGV[at]) or '0') or 0
  if known < tonumber(ARGV[at + 1]) then redis.call('HSET', key, ARGV[at], ARGV[at + 1]) end
  noteMoved(ARGV[at])
end
return 'noted'
`);

/** Replies: nothing while no rebuild reads, else the fields, id, openedAt, how many are to be read in all, and how many are left. */
export const findReadingScript = createLuaScript(/* lua */ `${prelude}
if not isReading() then return {} end
local reply = redis.call('HMGET', KEYS[1], ${['id', 'openedAt', 'total', ...fields].map((name) => `'${name}'`).join(', ')})
for at = 1, ${fields.length + 3} do reply[at] = reply[at] or '' end
reply[#reply + 1] = int(redis.call('HLEN', prefix .. ':unread'))
return reply
`);

/** Replies those generations, from ARGV[2] on, that are not read yet. */
export const findUnreadScript = createLuaScript(/* lua */ `${prelude}
local unread = {}
for at = 2, #ARGV do if redis.call('HEXISTS', prefix .. ':unread', ARGV[at]) == 1 then unread[#unread + 1] = ARGV[at] end end
return unread
`);

/** Replies those unread generations, from ARGV[2] on, of which S3 holds more names than before the store was opened; nil while no rebuild reads. */
export const findGrownUnreadScript = createLuaScript(/* lua */ `${prelude}
if not isReading() then return false end
local grown = {}
for at = 2, #ARGV, 2 do
  local known = redis.call('HGET', prefix .. ':unread', ARGV[at])
  if known and (tonumber(known) or 0) < tonumber(ARGV[at + 1]) then grown[#grown + 1] = ARGV[at] end
end
return grown
`);

/**
 * A generation ARGV[3] was read and is back. What it had been charged before the sums were made, from ARGV[4] on by period, is in the ledger
 * now, and no more in what is unread. Done twice it lowers once. Replies: read | known | gone, where this rebuild reads no more in this Redis.
 */
export const noteReadScript = createLuaScript(/* lua */ `${prelude}
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[2] then return 'gone' end
if redis.call('HDEL', prefix .. ':unread', ARGV[3]) == 0 then return 'known' end
redis.call('SADD', prefix .. ':read', ARGV[3])
local key = prefix .. ':unread-money'
for at = 4, #ARGV, 2 do
  local left = tonumber(redis.call('HGET', key, ARGV[at]) or '0') or 0
  local less = math.min(left, tonumber(ARGV[at + 1]))
  if less > 0 then redis.call('HINCRBY', key, ARGV[at], int(-less)) end
end
return 'read'
`);

/** Keeps a generation ARGV[3] from buying until all is read, as those that are read are kept. Replies 1 or 0. */
export const holdBackScript = createLuaScript(/* lua */ `${prelude}
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[2] then return 0 end
redis.call('SADD', prefix .. ':read', ARGV[3])
return 1
`);

/** Ends the reading: the store is as open as any. Replies: opened | open (by a rebuild of an earlier version) | emptied | restarted | unread */
export const endReadingScript = createLuaScript(/* lua */ `${prelude}
local reading = prefix .. ':reading'
local isWhole = redis.call('EXISTS', prefix .. ':epoch') == 1
local known = redis.call('HMGET', reading, 'id', 'epoch')
if known[1] ~= ARGV[2] then return isWhole and 'open' or 'emptied' end
if not isWhole then
  if not known[2] then return 'emptied' end
  if recovering() then return 'restarted' end
  if redis.call('HLEN', prefix .. ':unread') > 0 then return 'unread' end
  redis.call('SET', prefix .. ':epoch', known[2])
end
redis.call('UNLINK', reading, prefix .. ':unread', prefix .. ':read', prefix .. ':unread-money', prefix .. ':rebuild')
return isWhole and 'open' or 'opened'
`);
