import { createLuaScript } from '../lua-script.ts';
import { fold } from './fold.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/** Reads a generation and all its submissions as one picture. Replies nil, or "reading", without one. */
export const readGenerationScript = createLuaScript(/* lua */ `${prelude}
local key, id = KEYS[1], ARGV[2]
local generation, known = hash(key)
if not known then return mayBeUnread(id) and 'reading' or false end
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
if not known then return mayBeUnread(id) and 'reading' or false end
closeGeneration(key, id, ARGV[3], nowMs())
return redis.call('HGET', key, 'status')
`);
