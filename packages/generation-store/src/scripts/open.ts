import { createLuaScript } from '../lua-script.ts';
import { prelude } from './prelude.ts';

/**
 * Pages of the open generations, in the order of the set: by creation time, then by id. A page goes on behind an entry, whether that
 * is still there or not: entries that are added or removed meanwhile move no other entry out of the walk. After the prelude.
 */
export const openPages = /* lua */ `
-- entries and scores of a sorted set behind (score, id); a score of '' begins
local function pageAfter(open, score, id, count)
  if score == '' then return redis.call('ZRANGE', open, 0, count - 1, 'WITHSCORES') end
  local standing = redis.call('ZSCORE', open, id)
  -- The set alone knows the order of entries of one score: an entry that is gone, or elsewhere, takes its place for this one step
  if standing ~= score then redis.call('ZADD', open, score, id) end
  local from = redis.call('ZRANK', open, id)
  if not standing then
    redis.call('ZREM', open, id)
  elseif standing ~= score then
    redis.call('ZADD', open, standing, id)
    if tonumber(standing) < tonumber(score) then from = from + 1 end
  else
    from = from + 1
  end
  return redis.call('ZRANGE', open, from, from + count - 1, 'WITHSCORES')
end
`;

/** Replies entries of the sorted set KEYS[1] and their scores in turn: behind the score ARGV[2] and the id ARGV[3], at the most ARGV[4]. */
export const pageScript = createLuaScript(/* lua */ `${prelude}${openPages}
return pageAfter(KEYS[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))
`);

/** Takes the entries of the sorted set KEYS[1] up to a score out, a thousand at the most. Replies how many those were. */
export const forgetUpToScript = createLuaScript(/* lua */ `${prelude}
local entries = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, 1000)
if #entries > 0 then redis.call('ZREM', KEYS[1], unpack(entries)) end
return #entries
`);

/**
 * Keeps that a generation was bought long after its id was minted. Its records lie in S3 under the date of its id, which no comparison of
 * the last days lists: passes find it here for as many days. After the prelude.
 */
export const noteBought = /* lua */ `
local function noteBought(id, now)
  -- in two parts: not every Lua reads 48 bits at once
  local high, low = tonumber(string.sub(id, 1, 8), 16), tonumber(string.sub(id, 10, 13), 16)
  if high and low and high * 65536 + low < now - 86400000 then redis.pcall('ZADD', prefix .. ':bought', int(now), id) end
end
`;
