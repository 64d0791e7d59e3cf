import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

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
