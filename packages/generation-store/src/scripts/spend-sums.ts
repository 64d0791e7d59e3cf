import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/** Periods that are read in one step: a few milliseconds of Redis. */
export const PERIODS_AT_ONCE = 500;

/** After the prelude. */
const sums = /* lua */ `
local sumsKey, movedKey = prefix .. ':spend-sums', prefix .. ':moved-periods'
-- moves of holds that were not followed
local function unfollowed()
  return (tonumber(redis.call('GET', prefix .. ':hold-moves') or '0') or 0) - (tonumber(redis.call('HGET', sumsKey, 'holds') or '0') or 0)
end
`;

/**
 * Says what there is to write. It writes itself, so that a replica, whose ledger may be behind, refuses it.
 * Replies: not-compared | <now> <memory> <moves> <1 when every period is known to have moved> then recorded, base of level 1, its moves,
 * base of level 2, its moves; '' for what there is not.
 */
export const lookAtSumsScript = createLuaScript(/* lua */ `${prelude}${sums}
if recovering() then return { 'not-compared' } end
for _, each in ipairs({ { sumsKey, 'hash' }, { movedKey, 'zset' } }) do
  local kind = redis.call('TYPE', each[1]).ok
  if kind ~= 'none' and kind ~= each[2] then redis.call('UNLINK', sumsKey, movedKey) end
end
local now = int(nowMs())
redis.call('HSET', sumsKey, 'lookedAt', now)
local known = redis.call('HMGET', sumsKey, 'moves', 'isWhole', 'unfollowed', 'recorded', 'base1', 'moves1', 'base2', 'moves2')
local isWhole = known[2] == '1' and known[3] == int(unfollowed())
local reply = { now, memoryId(), known[1] or '0', isWhole and '1' or '0' }
for at = 4, 8 do reply[#reply + 1] = known[at] or '' end
return reply
`);

/** Begins to look for all periods anew, as far as they are not known to have moved. Replies how many moves of holds were not followed. */
export const beginWholeScript = createLuaScript(/* lua */ `${prelude}${sums}
redis.call('HDEL', sumsKey, 'isWhole', 'recorded', 'base1', 'moves1', 'base2', 'moves2')
return int(unfollowed())
`);

/** Counts periods as moved, from ARGV[2] on. */
export const noteFoundScript = createLuaScript(/* lua */ `${prelude}${sums}
local move = redis.call('HINCRBY', sumsKey, 'moves', 1)
for at = 2, #ARGV do redis.call('ZADD', movedKey, move, ARGV[at]) end
return 1
`);

/** All periods are known to have moved, if this is the memory ARGV[2] still and each move of a hold was followed since. Replies 1 or 0. */
export const endWholeScript = createLuaScript(/* lua */ `${prelude}${sums}
if memoryId() ~= ARGV[2] or int(unfollowed()) ~= ARGV[3] then return 0 end
redis.call('HSET', sumsKey, 'isWhole', 1, 'unfollowed', ARGV[3])
return 1
`);

/** Replies how many periods have moved since the move ARGV[2]. */
export const countMovedScript = createLuaScript(/* lua */ `${prelude}${sums}
return redis.call('ZCOUNT', movedKey, '(' .. ARGV[2], '+inf')
`);

/**
 * Reads the sums of periods that have moved since the move ARGV[2]: about PERIODS_AT_ONCE, and all of one move. One that moves while they
 * are read comes again, later. Replies: the last move | 1 when these were all | then period and sum in turn; '' for a sum that cannot be read.
 */
export const readMovedScript = createLuaScript(/* lua */ `${prelude}${money}${sums}
local entries = redis.call('ZRANGEBYSCORE', movedKey, '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ${PERIODS_AT_ONCE})
if #entries == 0 then return { ARGV[2], '1' } end
local last = entries[#entries]
local names, isThere = {}, {}
for at = 1, #entries, 2 do
  names[#names + 1] = entries[at]
  isThere[entries[at]] = true
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', movedKey, last, last)) do
  if not isThere[name] then names[#names + 1] = name end
end
local reply = { last, #entries < ${2 * PERIODS_AT_ONCE} and '1' or '0' }
for _, name in ipairs(names) do
  local spend = redis.pcall('HMGET', prefix .. ':spend:' .. name, 'reserved', 'settled')
  local sum, unread = '', unreadIn(name)
  if not spend.err and unread and isWhole(spend[1] or '0') and isWhole(spend[2] or '0') then
    sum = int(math.max(0, tonumber(spend[1] or '0') + tonumber(spend[2] or '0') + unread))
  end
  reply[#reply + 1] = name
  reply[#reply + 1] = sum
end
return reply
`);

/** Forgets periods in which nothing can be bought any more, from ARGV[2] on. */
export const forgetMovedScript = createLuaScript(/* lua */ `${prelude}${sums}
for at = 2, #ARGV do redis.call('ZREM', movedKey, ARGV[at]) end
return 1
`);

/**
 * Keeps what S3 holds, if this is the memory ARGV[2] still: another may not know the moves that were counted. ARGV: prefix, memory, level,
 * key in S3, the move up to which it holds all. Replies 1 or 0.
 */
export const noteRecordedScript = createLuaScript(/* lua */ `${prelude}${sums}
if memoryId() ~= ARGV[2] then return 0 end
redis.call('HSET', sumsKey, 'recorded', ARGV[5])
if ARGV[3] ~= '0' then redis.call('HSET', sumsKey, 'base' .. ARGV[3], ARGV[4], 'moves' .. ARGV[3], ARGV[5]) end
if ARGV[3] == '2' then redis.call('HDEL', sumsKey, 'base1', 'moves1') end
return 1
`);
