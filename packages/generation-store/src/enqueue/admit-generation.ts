import { GENERATION_ID_AHEAD_MS, GENERATION_ID_MAX_AGE_MS } from '@darkroom/contracts';
import { imageRules } from '../lua/image-rules.ts';

/** Longest time until a run in days; later runs belong into a calendar, not into a queue. */
export const MAX_RUN_AHEAD_DAYS = 30;
const MAX_RUN_AHEAD_MS = MAX_RUN_AHEAD_DAYS * 86_400_000;

/**
 * Admits a new generation: checks its times by Redis time, the rules of its tenant, the caps and the bounds on open images, and writes it with
 * its submissions and their holds. The commit makes the hold instead for a generation that runs later, and while Redis may have forgotten
 * holds or caps. After the parts of a new generation, the bounds, the signs of life, the events, the money,
 * the minutes and the fair line.
 */
export const admitGeneration = /* lua */ `${imageRules}
-- a time of the new generation that is out of bounds, or nil
local function timeTrouble(now)
  -- in two parts: not every Lua reads 48 bits at once
  local high, low = tonumber(string.sub(id, 1, 8), 16), tonumber(string.sub(id, 10, 13), 16)
  local mintedAt = high and low and high * 65536 + low
  if not mintedAt or mintedAt > now + ${GENERATION_ID_AHEAD_MS} then return 'id-ahead' end
  local outOfTime
  if mintedAt < now - ${GENERATION_ID_MAX_AGE_MS} then outOfTime = 'id-too-old'
  elseif deadlineAt ~= '' and tonumber(deadlineAt) <= now then outOfTime = 'deadline-over'
  elseif runAt ~= '' and (tonumber(runAt) < now - CLOCKS_AGREE_MS or tonumber(runAt) > now + ${MAX_RUN_AHEAD_MS}) then outOfTime = 'run-at-out-of-bounds' end
  -- Redis may have held this id earlier, and have forgotten it
  return outOfTime and recovering() and 'recovering' or outOfTime
end

-- replies safety-required, cap or full, or created once it is written
local function admit(key, now)
  local requires, withholds = imageRulesOf(tenant)
  -- without the check no image is cleared: each would be bought and withheld
  if checked == '' and (requires or withholds or withhold ~= '') then
    return { kind = 'safety-required', rule = requires and 'requireSafetyCheck' or 'withholdFlagged' }
  end
  if withholds then withhold = '1' end
  local periods = periodsOf(tenant, now)
  local caps = capsOf(soundCaps())
  local isLater = runAt ~= '' and tonumber(runAt) > now
  local isDue = isLater or recovering() or not caps
  local ledger = soundLedger(namesOf(periods))
  if not isDue then
    local period, used, cap = capReached(caps, periods, amount * images, ledger)
    if period then return { kind = 'cap', period = period.name, used = used, cap = cap, resetsAt = period.resetsAt, now = now } end
  end
  -- behind the caps: a full queue has room again in minutes
  local bound, limit, open = boundReached(tenant, images)
  if bound then return { kind = 'full', bound = bound, limit = limit, open = open } end
  createGeneration(key, id, 'queued', int(now), 1)
  -- booked once for all images: each holds its own part
  local held, names
  if not isDue then held, names = newHold(periods, amount * images) end
  local line
  for index = 0, images - 1 do
    addSubmission(key, id, index, 1, 0, amount, held, names)
    noteStep(id, index, 1, now, 'enqueued')
    if isLater then
      redis.call('HSET', submissionKey(id, index, 1), 'line', 'due')
    else
      local number = joinLine(id, index, 1, { tenant = tenant, priority = priority })
      line = line or {}
      line[index + 1] = jobNumber(number)
    end
  end
  -- its money is held later, maybe in another period
  if isDue then noteTenants(namesOf(periods)) end
  takeIdempotencyKey(id)
  countMinute(now, 'generations')
  countMinute(now, 'enqueued', images)
  record('generation.queued', id, { tenant = tenant, provider = provider, model = model, traceparent = traceparent ~= '' and traceparent or nil }, nil, nil, now)
  return { kind = 'created', id = id, runAt = runAt, line = line, noWorkerSince = noWorkerSince(now) }
end
`;
