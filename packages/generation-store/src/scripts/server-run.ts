import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/** A deployment is over by then. Before, a worker of an earlier version may run, which marks no late ids. */
const CHECKPOINT_TRUSTED_AFTER_MS = 3_600_000;

/**
 * The checkpoint: Redis time, written again and again while nothing is forgotten. It lies in the memory that it speaks of: a Redis that
 * goes back to an earlier moment goes back to the checkpoint of that moment, and all that it may have forgotten came after it. "since" is
 * when the first one was written, 0 in a store that was never used without. After the prelude.
 */
const checkpoint = /* lua */ `
local function writeCheckpoint()
  local now = int(nowMs())
  redis.call('HSETNX', prefix .. ':checkpoint', 'since', now)
  redis.call('HSET', prefix .. ':checkpoint', 'at', now)
end
`;

/** Opens a new store (I9): its memory is whole, because nothing was ever in it. Replies 1, or 0 when it is open. */
export const initialiseScript = createLuaScript(/* lua */ `${prelude}${checkpoint}
if isReading() or not redis.call('SET', KEYS[1], ARGV[2], 'NX') then return 0 end
trustServer()
if ARGV[3] ~= '' then redis.call('SET', prefix .. ':owner', ARGV[3]) end
redis.call('DEL', prefix .. ':owner-claim')
beginMemory()
redis.call('HSET', prefix .. ':checkpoint', 'since', 0)
writeCheckpoint()
return 1
`);

/**
 * ARGV: prefix, then the latest state that the process has seen: epoch, memory, checkpoint. Replies: the name of this server | 1 when the store
 * is open | 1 while its memory is not compared with S3 | the state of now, whose memory is '' while it is not compared.
 */
export const readServerRunScript = createLuaScript(/* lua */ `${prelude}
noticeOlderMemory(ARGV[2], ARGV[3], ARGV[4])
local epoch, isRecovering = redis.call('GET', prefix .. ':epoch') or '', recovering()
local memory = not isRecovering and redis.call('GET', prefix .. ':memory') or ''
return { serverName(), isOpen() and 1 or 0, isRecovering and 1 or 0, epoch, memory, redis.call('HGET', prefix .. ':checkpoint', 'at') or '' }
`);

/** The memory of this server was compared with S3. A server that restarted or was promoted since has another name, and is not meant. */
export const confirmComparisonScript = createLuaScript(/* lua */ `${prelude}${checkpoint}
if not isOpen() or serverName() ~= ARGV[2] then return 0 end
-- several workers may compare, and nothing was forgotten between the first confirmation and the next
if not recovering() then return 1 end
trustServer()
beginMemory()
writeCheckpoint()
return 1
`);

/** Writes the checkpoint; not while something may be forgotten, since when the one of before tells. */
export const noteCheckpointScript = createLuaScript(/* lua */ `${prelude}${checkpoint}
if recovering() then return 0 end
writeCheckpoint()
return 1
`);

/**
 * Replies the checkpoint and how old it is, or nothing: without one, where its time lies ahead (the clock of Redis went back, and nothing
 * tells how far), and for the first hour of checkpoints in a store of an earlier version.
 */
export const findCheckpointScript = createLuaScript(/* lua */ `${prelude}
local known = redis.call('HMGET', KEYS[1], 'at', 'since')
local at, since, now = tonumber(known[1] or ''), tonumber(known[2] or ''), nowMs()
if not at or not since or at > now or at - since < ${CHECKPOINT_TRUSTED_AFTER_MS} then return {} end
return { int(at), int(now - at) }
`);

/**
 * Begins to rebuild a store that lost its memory, or goes on with what was begun. Replies: open, reading, or
 * begun <id> <how long ago, in ms> <the name of this server>.
 */
export const beginRebuildScript = createLuaScript(/* lua */ `${prelude}
if redis.call('EXISTS', prefix .. ':epoch') == 1 then return { 'open' } end
if isReading() then return { 'reading' } end
local now = nowMs()
redis.call('HSETNX', KEYS[1], 'id', ARGV[2])
redis.call('HSETNX', KEYS[1], 'begunAt', int(now))
local begun = redis.call('HMGET', KEYS[1], 'id', 'begunAt')
return { 'begun', begun[1], int(now - tonumber(begun[2])), serverName() }
`);

/**
 * Books money of generations that have no entry, while their store is rebuilt. The rebuild keeps beside its mark what it has booked of
 * each period and books the difference, so that it may be begun again at any point.
 * From ARGV[3] on, six for each period: its name, settled, expected, reported, unreported, differing. Replies: booked | open | emptied
 */
export const bookPastScript = createLuaScript(/* lua */ `${prelude}${money}
if redis.call('EXISTS', prefix .. ':epoch') == 1 then return 'open' end
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[2] then return 'emptied' end
for at = 3, #ARGV, 6 do soundLedger(ARGV[at]) end
local names = { 'settled', 'expected', 'reported', 'unreported', 'differing' }
for at = 3, #ARGV, 6 do
  local field, booked, more = 'past:' .. ARGV[at], {}, {}
  for number in string.gmatch(redis.call('HGET', KEYS[1], field) or '', '%d+') do booked[#booked + 1] = tonumber(number) end
  for i, name in ipairs(names) do more[name] = tonumber(ARGV[at + i]) - (booked[i] or 0) end
  addToPeriods(ARGV[at], more)
  redis.call('HSET', KEYS[1], field, table.concat({ unpack(ARGV, at + 1, at + 5) }, ' '))
end
return 'booked'
`);

/**
 * Opens a store that was rebuilt, unless it lost its memory once more: the mark of its beginning is gone, or the server
 * has another name, and may have forgotten the last moments. ARGV: prefix, epoch, id, run, owner or ''. With more, fields of \`reading\` and
 * their values, it is open and not whole yet. Replies: opened | open | emptied | restarted
 */
export const finishRebuildScript = createLuaScript(/* lua */ `${prelude}${checkpoint}
if isOpen() then return 'open' end
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[3] then return 'emptied' end
if serverName() ~= ARGV[4] then return 'restarted' end
if #ARGV == 5 then
  redis.call('SET', prefix .. ':epoch', ARGV[2])
  redis.call('UNLINK', KEYS[1], prefix .. ':unread', prefix .. ':unread-money')
else
  local unread = redis.call('HLEN', prefix .. ':unread')
  redis.call('HSET', prefix .. ':reading', 'id', ARGV[3], 'epoch', ARGV[2], 'openedAt', int(nowMs()), 'total', int(unread), unpack(ARGV, 6))
  -- without them no cap knows what is unread, and nothing is bought
  local told = redis.call('HMGET', prefix .. ':reading', 'fromDay', 'fromMonth')
  redis.call('HSET', prefix .. ':unread-money', '@fromDay', told[1] or '9999', '@fromMonth', told[2] or '9999')
end
trustServer()
if ARGV[5] ~= '' then redis.call('SET', prefix .. ':owner', ARGV[5]) end
redis.call('DEL', prefix .. ':owner-claim')
beginMemory()
writeCheckpoint()
return 'opened'
`);
