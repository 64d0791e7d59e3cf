import { GENERATION_ID_AHEAD_MS, GENERATION_ID_MAX_AGE_MS } from '@darkroom/contracts';
import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { newGeneration } from './new-generation.ts';
import { prelude } from './prelude.ts';

/** A month ahead is a queue's business; what is further away belongs into a calendar. */
export const MAX_RUN_AHEAD_DAYS = 30;
const MAX_RUN_AHEAD_MS = MAX_RUN_AHEAD_DAYS * 86_400_000;

/**
 * Writes a generation, its first submissions and their holds, all or nothing; done twice it does nothing the second time.
 * Of a generation that is to run later, and of any while Redis may have forgotten holds or its caps, the money is held by the commit.
 * Whether its id is young enough and its times are still to come is asked of Redis time, and only of a generation that is new: a
 * repetition is answered at any age.
 *
 * Replies: created | exists | conflict | replayed <id> <runAt> | not-initialised | recovering | reading | cap <period> <used> <cap> <resetsAt> <now>
 * | id-too-old <now> | id-ahead <now> | deadline-over <now> | run-at-out-of-bounds <now>
 */
export const enqueueScript = createLuaScript(/* lua */ `${prelude}${money}${newGeneration}
local key, id = KEYS[1], ARGV[2]
if not isOpen() then return { 'not-initialised' } end
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
  if isReading() then return { 'reading' } end
end
-- it may have been bought, and is not read yet
if mayBeUnread(id) then return { 'reading' } end

local now = nowMs()
-- in two parts: not every Lua reads 48 bits at once
local high, low = tonumber(string.sub(id, 1, 8), 16), tonumber(string.sub(id, 10, 13), 16)
local mintedAt = high and low and high * 65536 + low
if not mintedAt or mintedAt > now + ${GENERATION_ID_AHEAD_MS} then return { 'id-ahead', int(now) } end
local outOfTime
if mintedAt < now - ${GENERATION_ID_MAX_AGE_MS} then outOfTime = 'id-too-old'
elseif deadlineAt ~= '' and tonumber(deadlineAt) <= now then outOfTime = 'deadline-over'
elseif runAt ~= '' and (tonumber(runAt) < now - CLOCKS_AGREE_MS or tonumber(runAt) > now + ${MAX_RUN_AHEAD_MS}) then outOfTime = 'run-at-out-of-bounds' end
-- it may have been enqueued in its time, and forgotten
if outOfTime and recovering() then return { 'recovering' } end
if outOfTime then return { outOfTime, int(now) } end
local periods = periodsOf(tenant, now)
soundCaps()
local caps = capsOf()
local isDue = runAt ~= '' and tonumber(runAt) > now or recovering() or not caps
soundLedger(namesOf(periods))
if not isDue then
  local period, used, cap = capReached(caps, periods, amount * images)
  if period then return { 'cap', period.name, int(used), int(cap), int(period.resetsAt), int(now) } end
end

createGeneration(key, id, 'queued', int(now))
-- booked once for all images: each holds its own part
local held, names
if not isDue then held, names = newHold(periods, amount * images) end
for index = 0, images - 1 do addSubmission(key, id, index, 1, 0, amount, held, names) end
takeIdempotencyKey(id)
announce('generation.queued', id, nil, nil, now)
return { 'created', id, runAt }
`);
