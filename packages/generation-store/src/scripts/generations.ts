import { createLuaScript } from '../lua-script.ts';
import { fold } from './fold.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/** Reads a generation and all its submissions as one picture. */
export const readGenerationScript = createLuaScript(/* lua */ `${prelude}
local key, id = KEYS[1], ARGV[2]
local generation, known = hash(key)
if not known then return false end
soundGeneration(key, generation)
local submissions = {}
for index = 0, tonumber(generation.images) - 1 do
  for n = 1, tonumber(generation['latest:' .. index]) do
    submissions[#submissions + 1] = { index, n, redis.call('HGETALL', submissionKey(id, index, n)) }
  end
end
return { redis.call('HGETALL', key), submissions }
`);

/** Cancels or expires (ARGV[3]): ends what was never sent and gives its money back; what may have been sent comes home as late. */
export const closeScript = createLuaScript(/* lua */ `${prelude}${money}${fold}
local key, id = KEYS[1], ARGV[2]
local _, known = hash(key)
if not known then return false end
closeGeneration(key, id, ARGV[3], nowMs())
return redis.call('HGET', key, 'status')
`);

/**
 * One token bucket for all polls of the fleet, as a single number: the time at which the bucket is full again (GCRA). Replies
 * how long to wait for a token, 0 when one was taken.
 */
export const takePollTokenScript = createLuaScript(/* lua */ `${prelude}
local key, intervalMs, burst = KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = nowMs()
local stored = redis.pcall('GET', key)
-- what is no time, or further away than a full bucket ever is, is overwritten: it would hold back every settlement of the fleet
local isTime = type(stored) == 'string' and string.find(stored, '^%d+%.?%d*$')
local fullAt = math.min(math.max(isTime and tonumber(stored) or 0, now), now + intervalMs * burst)
local wait = fullAt - now - intervalMs * (burst - 1)
local function keep(at) redis.call('SET', key, string.format('%.3f', at), 'PX', int(math.ceil(at - now) + 1000)) end
if wait > 0 then
  -- written down, or a time that a clock left behind when it went back would hold back every look until it comes
  if isTime and tonumber(stored) > fullAt then keep(fullAt) end
  return int(math.ceil(wait))
end
keep(fullAt + intervalMs)
return '0'
`);
