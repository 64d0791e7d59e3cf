import { DEFAULT_TENANT_WEIGHT, MAX_TENANT_WEIGHT } from '@darkroom/contracts';

/** Highest number of a job (BullMQ 6.7, `PRIORITY_LIMIT`). */
const MOST_JOB_NUMBER = 2_097_151;
/** Submissions of a tenant that one commit looks past: more than are ever on their way at once. */
const LOOKED_PAST = 200;
/** Nearly all commits find themselves among so many; the others read them all. */
const LOOKED_AT_FIRST = 16;

/**
 * The fair line (docs/decisions/0012-fair-line.md): every unsent first submission that may be bought now has a number, and the lowest goes
 * first. Start-time fair queueing: the number is that of the line (the highest number bought so far) or the one behind the tenant's last,
 * whichever is later. A number takes as many images of a tenant as its weight says (`:tenant-rules:<tenant>`), which is exact in whole
 * numbers. So tenants get shares by their weights, however much each has enqueued; a new weight counts for what is enqueued from then on.
 *
 * A number belongs to the tenant and not to the submission: the most urgent submission of the tenant takes it when it comes. So the priority
 * of a submission moves it among those of its own tenant alone.
 *
 * `:line` holds the submissions by number, `:line:<tenant>` those of a tenant by urgency, and `:line-clocks` the number of the line, the
 * next number of each tenant, with its images that have that number already ("7/2"), and the number at which jobs begin to count. The last
 * submission that leaves the line removes the clocks. The field `line` of a submission is its number; "due": it gets one when its job comes;
 * absent in entries of earlier versions, which go at once. After the prelude.
 */
export const fairLine = /* lua */ `
local urgency = { high = 0, low = 2 }
local lineKey, lineClocks = prefix .. ':line', prefix .. ':line-clocks'

local function lineOf(tenant)
  return lineKey .. ':' .. tenantPart(tenant)
end

local function inLine(id, index, n)
  return id .. '/' .. index .. '-' .. n
end

local function lineReached()
  return tonumber(redis.call('HGET', lineClocks, 'reached') or '') or 0
end

local function lineBase()
  return tonumber(redis.call('HGET', lineClocks, 'base') or '') or 0
end

-- the number of its job; a number that BullMQ does not take becomes the last one, first in, first out
local function jobNumber(number, given)
  local base = given or lineBase()
  return math.max(1, math.min(${MOST_JOB_NUMBER}, number - base + 1))
end

-- its place among those of its tenant: above all numbers, so that urgency goes first; then the order in which they joined
local function placeByUrgency(priority, number)
  return int((urgency[priority] or 1) * 1e14 + number)
end

local function standInLine(id, index, n, generation, number)
  redis.call('ZADD', lineKey, number, inLine(id, index, n))
  redis.call('ZADD', lineOf(generation.tenant), placeByUrgency(generation.priority, number), inLine(id, index, n))
end

local readWeights = {}
-- images of a tenant that one number takes; a user with the rights of an earlier version may not ask
local function weightOf(tenant)
  if not readWeights[tenant] then
    local weight = redis.pcall('HMGET', prefix .. ':tenant-rules:' .. tenantPart(tenant), 'weight')[1]
    weight = weight and isWhole(weight) and tonumber(weight) or ${DEFAULT_TENANT_WEIGHT}
    readWeights[tenant] = math.max(1, math.min(${MAX_TENANT_WEIGHT}, weight))
  end
  return readWeights[tenant]
end

-- the next number of a tenant, and its images that have it already
local function clockOf(tenant)
  local number, taken = string.match(redis.call('HGET', lineClocks, 'tenant:' .. tenantPart(tenant)) or '', '^(%d+)/?(%d*)$')
  return tonumber(number or '') or 0, tonumber(taken or '') or 0
end

local function setClock(tenant, number, taken)
  redis.call('HSET', lineClocks, 'tenant:' .. tenantPart(tenant), int(number) .. (taken > 0 and '/' .. int(taken) or ''))
end

-- the clock of a tenant whose submissions join; each takes a number, and the last one keeps the clock
local function beginNumbers(tenant)
  local number, taken = clockOf(tenant)
  local reached = lineReached()
  if reached > number then number, taken = reached, 0 end
  return { tenant = tenant, number = number, taken = taken }
end

local function takeNumber(clock)
  local number = clock.number
  if clock.taken + 1 < weightOf(clock.tenant) then
    clock.taken = clock.taken + 1
  else
    clock.number, clock.taken = number + 1, 0
  end
  return number
end

local function joinLine(id, index, n, generation)
  local clock = beginNumbers(generation.tenant)
  local number = takeNumber(clock)
  setClock(clock.tenant, clock.number, clock.taken)
  redis.call('HSET', submissionKey(id, index, n), 'line', int(number))
  standInLine(id, index, n, generation, int(number))
  return number
end

local function leaveLine(id, index, n, tenant)
  if redis.call('ZREM', lineKey, inLine(id, index, n)) == 0 then return end
  redis.call('ZREM', lineOf(tenant), inLine(id, index, n))
  if redis.call('ZCARD', lineKey) == 0 then
    redis.call('DEL', lineClocks)
  elseif redis.call('ZCARD', lineOf(tenant)) == 0 then
    -- numbers that it gave up do not count as bought
    if clockOf(tenant) > lineReached() then setClock(tenant, lineReached() + 1, 0) end
  end
end

-- purchases begun in this minute and the one before
local function countPace(now)
  local key, minute = prefix .. ':line-pace', math.floor(now / 60000)
  local pace = redis.call('HMGET', key, 'minute', 'count')
  local at = tonumber(pace[1] or '')
  if at == minute then
    redis.call('HINCRBY', key, 'count', 1)
  else
    redis.call('HSET', key, 'minute', int(minute), 'count', 1, 'before', at == minute - 1 and pace[2] or 0)
    redis.call('EXPIRE', key, 300)
  end
end

-- it is bought: the line has come to its number
local function passLine(id, index, n, generation, submission, now)
  local number = tonumber(submission.line or '')
  if submission.sends ~= '0' or not number then return end
  if number > lineReached() then redis.call('HSET', lineClocks, 'reached', int(number)) end
  countPace(now)
  leaveLine(id, index, n, generation.tenant)
end

-- it cannot be bought now, and gets another number when it comes again
local function giveUpNumber(id, index, n, generation, submission)
  if submission.sends ~= '0' or not submission.line then return end
  redis.call('HSET', submissionKey(id, index, n), 'line', 'due')
  leaveLine(id, index, n, generation.tenant)
end

-- Looks at the first ones of its tenant: true at its own place, or once another one goes first, with what findPlaceInLine replies then
local function findBefore(me, own, number, id, index, n, most)
  for _, first in ipairs(redis.call('ZRANGE', own, 0, most - 1)) do
    if first == me then return true end
    local its = tonumber(redis.call('ZSCORE', lineKey, first) or '')
    if not its or its > number then
      local firstKey = prefix .. ':submission:' .. string.gsub(first, '/', ':')
      local fields = redis.pcall('HMGET', firstKey, 'status', 'sends')
      if its and fields[1] == 'planned' and fields[2] == '0' then
        redis.call('ZADD', lineKey, int(number), first, int(its), me)
        redis.call('HSET', firstKey, 'line', int(number))
        redis.call('HSET', submissionKey(id, index, n), 'line', int(its))
        return true, jobNumber(its), first, jobNumber(number)
      end
      redis.call('ZREM', own, first)
      redis.call('ZREM', lineKey, first)
    end
  end
end

-- Nothing if a submission may be bought now; else the number of its job, and the submission of its tenant that goes first, with its number.
-- "given" is the present number of the job: one that came before its number was put ahead of its place, or added again.
local function findPlaceInLine(id, index, n, generation, submission, given)
  if submission.sends ~= '0' or not submission.line then return end
  local number, reached = tonumber(submission.line), lineReached()
  if not number then
    number = joinLine(id, index, n, generation)
    if number > reached then return jobNumber(number) end
  elseif not redis.call('ZSCORE', lineKey, inLine(id, index, n)) then
    standInLine(id, index, n, generation, int(number))
  end
  if given ~= '' and number > reached and tonumber(given) < jobNumber(number) then return jobNumber(number) end
  -- those that go before it in its tenant: some are on their way under lower numbers, and the first of the others takes this number
  local me, own = inLine(id, index, n), lineOf(generation.tenant)
  local isFound, line, before, beforeLine = findBefore(me, own, number, id, index, n, ${LOOKED_AT_FIRST})
  if not isFound then isFound, line, before, beforeLine = findBefore(me, own, number, id, index, n, ${LOOKED_PAST}) end
  return line, before, beforeLine
end
`;
