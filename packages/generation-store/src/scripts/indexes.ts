import { createLuaScript } from '../lua-script.ts';
import { prelude } from './prelude.ts';

/**
 * Takes or keeps a turn: nobody else has it for so long. Replies whether the caller has it. A turn that stands for longer than it
 * is ever given is taken: Redis came back on a host whose clock is behind, where the end of the turn lies ahead.
 */
export const takeTurnScript = createLuaScript(/* lua */ `${prelude}
local holder = redis.call('GET', KEYS[1])
local isInTime = redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[3])
if holder and holder ~= ARGV[2] and isInTime then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`);

/** Gives a turn back, if the caller still has it. */
export const endTurnScript = createLuaScript(/* lua */ `${prelude}
if redis.call('GET', KEYS[1]) == ARGV[2] then return redis.call('DEL', KEYS[1]) end
return 0
`);

/** Takes a generation without a record out of the index of the open ones. Replies whether it did. */
export const dropOpenScript = createLuaScript(/* lua */ `${prelude}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return redis.call('ZREM', prefix .. ':open', ARGV[2])
`);

/** Of generations, those that no index knows although they are not to end by themselves. */
export const unindexedScript = createLuaScript(/* lua */ `${prelude}
local reply = {}
for at = 2, #ARGV do
  local key = prefix .. ':generation:' .. ARGV[at]
  if not redis.call('ZSCORE', prefix .. ':open', ARGV[at]) and redis.call('TTL', key) == -1 then reply[#reply + 1] = ARGV[at] end
end
return reply
`);

/**
 * Of idempotency keys, those that are not to end by themselves and belong to a generation without a record: name | generationId; and
 * those of another type: name | ''.
 */
export const leftIdempotencyScript = createLuaScript(/* lua */ `${prelude}
local reply = {}
for at = 2, #ARGV do
  local id = redis.pcall('HGET', ARGV[at], 'generationId')
  if type(id) == 'table' then
    reply[#reply + 1] = { ARGV[at], '' }
  elseif id and redis.call('TTL', ARGV[at]) == -1 and redis.call('EXISTS', prefix .. ':generation:' .. id) == 0 then
    reply[#reply + 1] = { ARGV[at], id }
  end
end
return reply
`);

/** Removes an idempotency key, if its generation still has no record. Replies whether it did. */
export const dropIdempotencyScript = createLuaScript(/* lua */ `${prelude}
if redis.call('HGET', KEYS[1], 'generationId') ~= ARGV[2] then return 0 end
if redis.call('EXISTS', prefix .. ':generation:' .. ARGV[2]) == 1 then return 0 end
return redis.call('DEL', KEYS[1])
`);
