import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { newGeneration } from './new-generation.ts';
import { prelude } from './prelude.ts';

/**
 * Writes a generation, its first submissions and their holds, all or nothing; done twice it does nothing the second time.
 * Of a generation that is to run later, and of any while Redis may have forgotten holds, the money is held by the commit.
 * Replies: created | exists | conflict | replayed <id> <runAt> | not-initialised | recovering | cap <period> <used> <cap> <resetsAt> <now>
 */
export const enqueueScript = createLuaScript(/* lua */ `${prelude}${money}${newGeneration}
local key, id = KEYS[1], ARGV[2]
if redis.call('EXISTS', prefix .. ':epoch') == 0 then return { 'not-initialised' } end
local present = redis.call('HMGET', key, 'requestDigest', 'runAt')
if present[1] then return { present[1] == requestDigest and 'exists' or 'conflict', id, present[2] or '' } end
if idempotencyDigest ~= '' then
  local taken = redis.call('HMGET', idempotencyKey, 'generationId', 'requestDigest')
  if taken[1] then
    local first = redis.call('HGET', prefix .. ':generation:' .. taken[1], 'runAt')
    return { taken[2] == requestDigest and 'replayed' or 'conflict', taken[1], first or '' }
  end
  -- the key may belong to a generation that was bought and that Redis has forgotten
  if recovering() then return { 'recovering' } end
end

local now = nowMs()
local periods = periodsOf(tenant, now)
local isDue = runAt ~= '' and tonumber(runAt) > now or recovering()
soundCaps()
soundLedger(namesOf(periods))
if not isDue then
  local period, used, cap = capReached(periods, amount * images)
  if period then return { 'cap', period.name, int(used), int(cap), int(period.resetsAt), int(now) } end
end

createGeneration(key, id, 'queued', int(now))
for index = 0, images - 1 do
  if isDue then addSubmission(key, id, index, 1, 0, amount)
  else addSubmission(key, id, index, 1, 0, amount, newHold(periods, amount)) end
end
takeIdempotencyKey(id)
announce('generation.queued', id, nil, nil, now)
return { 'created', id, runAt }
`);
