import { DEFAULT_DAILY_CAP_USD, parseUsd } from '@darkroom/contracts';

/**
 * What every script starts with. KEYS[1] is the key of the generation (or any key of the shard) and ARGV[1] the prefix; all
 * other keys follow from the prefix, whose hash tag keeps them in the slot of KEYS[1]. Time is Redis time, so that the
 * clocks of the pods do not matter.
 */
export const prelude = /* lua */ `
local prefix = ARGV[1]

local function nowMs()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- 14 digits and more would be printed with an exponent
local function int(value)
  return string.format('%.0f', value)
end

local function hash(key)
  local flat = redis.call('HGETALL', key)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields, #flat > 0
end

local function submissionKey(id, index, n)
  return prefix .. ':submission:' .. id .. ':' .. index .. '-' .. n
end

local function announce(event, id, index, n, at)
  local text = '{"event":"' .. event .. '","generationId":"' .. id .. '","at":' .. int(at)
  if index then text = text .. ',"index":' .. index .. ',"n":' .. n end
  redis.call('PUBLISH', prefix .. ':events:' .. id, text .. '}')
end
`;

/**
 * Money (I7): held per submission in four periods, whose names are kept with the hold, so that a settlement after midnight
 * moves the money of the day it was held on. UTC, from Redis time.
 *
 * The field `held` of a submission: "1" held in its `periods`; "0" given back or settled; "due" not held yet, and held by the
 * commit, under the caps and in the periods of that moment.
 */
export const money = /* lua */ `
-- Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days
local function civil(days)
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local day = doy - math.floor((153 * mp + 2) / 5) + 1
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400
  if month <= 2 then year = year + 1 end
  return year, month, day
end

local function periodsOf(tenant, now)
  local today = math.floor(now / 86400000)
  local year, month, day = civil(today)
  local ym = string.format('%04d-%02d', year, month)
  local ymd = ym .. string.format('-%02d', day)
  local monthEnds = today + 1
  while true do
    local _, m = civil(monthEnds)
    if m ~= month then break end
    monthEnds = monthEnds + 1
  end
  return {
    { name = 'all:day:' .. ymd, cap = 'all:day', resetsAt = (today + 1) * 86400000 },
    { name = 'all:month:' .. ym, cap = 'all:month', resetsAt = monthEnds * 86400000 },
    { name = 'tenant:' .. tenant .. ':day:' .. ymd, cap = 'tenant:day', resetsAt = (today + 1) * 86400000 },
    { name = 'tenant:' .. tenant .. ':month:' .. ym, cap = 'tenant:month', resetsAt = monthEnds * 86400000 },
  }
end

-- nil when the money may be held; else the period whose cap would be crossed
local function capReached(periods, amount)
  local caps = hash(prefix .. ':caps')
  for _, period in ipairs(periods) do
    -- a daily cap is always on, also in a store whose caps nobody wrote or that lost them
    local cap = caps[period.cap] or (period.cap == 'all:day' and '${parseUsd(DEFAULT_DAILY_CAP_USD)}')
    if cap then
      local spend = redis.call('HMGET', prefix .. ':spend:' .. period.name, 'reserved', 'settled')
      local used = tonumber(spend[1] or '0') + tonumber(spend[2] or '0')
      if used + amount > tonumber(cap) then return period, used, tonumber(cap) end
    end
  end
end

local function move(names, field, amount)
  if amount == 0 then return end
  for name in string.gmatch(names, '[^ ]+') do redis.call('HINCRBY', prefix .. ':spend:' .. name, field, int(amount)) end
end

local function namesOf(periods)
  local names = {}
  for i, period in ipairs(periods) do names[i] = period.name end
  return table.concat(names, ' ')
end

-- the periods of a hold, for a question to their caps
local function periodsNamed(names)
  local periods = {}
  for name in string.gmatch(names, '[^ ]+') do
    periods[#periods + 1] = { name = name, cap = string.match(name, '^%a+') .. ':' .. string.match(name, ':(%a+):[%d-]+$') }
  end
  return periods
end

-- whether new submissions leave their money to the commit, and no cap is asked before
local function holdsWhenDue(runAt, now)
  return runAt ~= '' and tonumber(runAt) > now
end

-- the fields "held" and "periods" of a new submission; the caps were asked before, unless its hold is due later
local function newHold(isDue, periods, amount)
  if isDue then return 'due', '' end
  local names = namesOf(periods)
  move(names, 'reserved', amount)
  return '1', names
end

-- makes the hold of money that was due: on the caps' word by the commit, or without it for a send that has left already
local function makeHold(key, submission, periods)
  submission.held, submission.periods = newHold(false, periods, tonumber(submission.reserved))
  redis.call('HSET', key, 'held', submission.held, 'periods', submission.periods)
end

local function release(key, submission)
  if submission.held == '1' then move(submission.periods, 'reserved', -tonumber(submission.reserved)) end
  redis.call('HSET', key, 'held', '0')
end
`;

/**
 * The fold: a generation is what its images are. Only this function writes the final status of a generation, and only from
 * "queued" or "running" (I4); whatever comes home later amends the record.
 */
export const fold = /* lua */ `
local function finish(key, id, status, now)
  redis.call('HSET', key, 'status', status, 'finishedAt', int(now))
  announce('generation.' .. status, id, nil, nil, now)
end

-- the index and n of each submission, in order
local function submissionsOf(generation)
  local all = {}
  for index = 0, tonumber(generation.images) - 1 do
    for n = 1, tonumber(generation['latest:' .. index]) do all[#all + 1] = { index, n } end
  end
  return all
end

-- a generation without a live submission is kept for a set time; one with money on hold until an operator decides. The holds
-- are asked for and not the images: an outcome may be unknown although the image came home by another submission
local function retire(key, id)
  local generation = hash(key)
  if tonumber(generation.live) > 0 then return end
  local submissions = submissionsOf(generation)
  for _, each in ipairs(submissions) do
    if redis.call('HGET', submissionKey(id, each[1], each[2]), 'held') == '1' then return end
  end
  local seconds = tonumber(generation.retentionSeconds)
  redis.call('ZREM', prefix .. ':open', id)
  redis.call('EXPIRE', key, seconds)
  if generation.idempotencyDigest ~= '' then
    redis.call('EXPIRE', prefix .. ':idempotency:' .. generation.tenant .. ':' .. generation.idempotencyDigest, tonumber(generation.idempotencySeconds))
  end
  for _, each in ipairs(submissions) do
    redis.call('EXPIRE', submissionKey(id, each[1], each[2]), seconds)
    redis.call('EXPIRE', prefix .. ':deliveries:' .. id .. ':' .. each[1] .. '-' .. each[2], seconds)
  end
end

local function foldGeneration(key, id, now)
  local generation = hash(key)
  if generation.status == 'queued' or generation.status == 'running' then
    local images, succeeded = tonumber(generation.images), 0
    for index = 0, images - 1 do
      local status = generation['image:' .. index]
      if status == 'open' then return end
      if status == 'succeeded' then succeeded = succeeded + 1 end
    end
    if succeeded == images then finish(key, id, 'succeeded', now)
    elseif succeeded > 0 then finish(key, id, 'partial', now)
    else finish(key, id, 'failed', now) end
  end
  retire(key, id)
end

-- ends what was never sent; what may have been sent is left to its settlement
local function closeGeneration(key, id, status, now)
  local generation = hash(key)
  if generation.status ~= 'queued' and generation.status ~= 'running' then return end
  for index = 0, tonumber(generation.images) - 1 do
    local n = generation['latest:' .. index]
    local submissionKey = submissionKey(id, index, n)
    local submission = hash(submissionKey)
    if submission.status == 'planned' and submission.sends == '0' then
      release(submissionKey, submission)
      redis.call('HSET', submissionKey, 'status', 'failed', 'code', 'generation.' .. status)
      -- an earlier submission may have come home late, and what succeeded stays so (I4)
      if generation['image:' .. index] == 'open' then redis.call('HSET', key, 'image:' .. index, 'failed') end
      redis.call('HINCRBY', key, 'live', -1)
      announce('submission.failed', id, index, n, now)
    end
  end
  finish(key, id, status, now)
  retire(key, id)
end
`;
