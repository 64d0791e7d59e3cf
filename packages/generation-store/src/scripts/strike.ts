import { createLuaScript } from '../lua-script.ts';
import { prelude } from './prelude.ts';

/**
 * Counts a send of one submission that came to nothing while purchases of others were taken: <needsOther>. With `needsOther` 1 a
 * second strike needs an acceptance since the first, so that trouble of everybody is nobody's own. @returns how many there are.
 */
export const strikeScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return '0' end
local now = nowMs()
local struckAt = tonumber(redis.call('HGET', key, 'struckAt') or '')
local acceptedAt = tonumber(redis.call('GET', prefix .. ':accepted-at') or '0') or 0
if ARGV[5] == '1' and struckAt and acceptedAt < struckAt then return redis.call('HGET', key, 'strikes') or '0' end
redis.call('HSET', key, 'struckAt', int(now))
return int(redis.call('HINCRBY', key, 'strikes', 1))
`);
