import { followHolds } from './hold-sums.ts';
import { noteMoved } from './moved-periods.ts';
import { periodTenants } from './period-tenants.ts';

/** Length of a year and a month, so that a month can be compared with the same month of the year before. */
const PERIOD_KEPT_DAYS = 400;

/**
 * Money (I7): held per submission in four periods, whose names are stored with the hold, so that a settlement after midnight moves the
 * money of the day of the hold. Periods are UTC, by Redis time.
 *
 * The field `held` of a submission: "1" held in its `periods`; "0" given back or settled; "due" not held yet: the commit makes the hold,
 * under the caps and in the periods of that moment.
 */
export const money = /* lua */ `${followHolds}${noteMoved}${periodTenants}
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
  local isLeap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  local length = month == 2 and (isLeap and 29 or 28) or (month == 4 or month == 6 or month == 9 or month == 11) and 30 or 31
  local monthEnds = today - day + 1 + length
  local owner = 'tenant:' .. tenantPart(tenant)
  return {
    { name = 'all:day:' .. ymd, cap = 'all:day', resetsAt = (today + 1) * 86400000 },
    { name = 'all:month:' .. ym, cap = 'all:month', resetsAt = monthEnds * 86400000 },
    { name = owner .. ':day:' .. ymd, cap = 'tenant:day', resetsAt = (today + 1) * 86400000 },
    { name = owner .. ':month:' .. ym, cap = 'tenant:month', resetsAt = monthEnds * 86400000 },
  }
end

-- The caps of the store; nil unless all are there. nil never means "no cap": the key may have been deleted or evicted, and nothing is
-- bought until a worker has brought the caps back from S3. "names" lists the caps that are set; caps without a revision are of a version
-- that did not write it. "given": the caps, if the script has read them
local function capsOf(given)
  local caps = given or hash(prefix .. ':caps')
  if not caps['all:day'] or caps.revision and not caps.names then return nil end
  for name in string.gmatch(caps.names or '', '[^ ]+') do if not caps[name] then return nil end end
  return caps
end

-- at least the money of a period that a rebuild has not read yet, and then the money of damaged generations; nil where it is unknown
local function unreadIn(name)
  local fields = { '@fromDay', '@fromMonth', '@untilDay', '@untilMonth', name, '@damaged', '@besideSums' }
  local found = redis.pcall('HMGET', prefix .. ':unread-money', unpack(fields))
  -- a user with the rights of an earlier version may not ask
  if found.err then found = {} end
  local kind, date = string.match(name, ':(%a+):([%d-]+)$')
  local from, last = found[kind == 'day' and 1 or 2], found[kind == 'day' and 3 or 4]
  local isTold, left, most = from and date >= from, tonumber(found[5] or '') or 0, tonumber(found[6] or '') or 0
  -- nothing was bought for them since they were found damaged
  local isAfter = not last or date > last
  local beside = isAfter and 0 or tonumber(found[7] or '') or 0
  if isReading() then return isTold and left + beside or nil end
  if isAfter then return 0 end
  -- the holds of the others lie in the sums, so this is no more than the rest of them
  return isTold and beside + math.min(left, most - beside) or most
end

-- without a rebuild, and without damaged generations of some day, nothing is unread in any period
local function isAllMoneyRead()
  local last = redis.pcall('HMGET', prefix .. ':unread-money', '@untilDay', '@untilMonth')
  return not last[1] and not last[2] and not isReading()
end

-- nil when the money may be held; else the period whose cap would be crossed. "read": the ledger of these periods, if nothing moved since.
-- "isAllRead": what isAllMoneyRead has told this script
local function capReached(caps, periods, amount, read, isAllRead)
  if isAllRead == nil then isAllRead = isAllMoneyRead() end
  for _, period in ipairs(periods) do
    local cap = caps[period.cap]
    if cap then
      local spend = read and read[period.name] or redis.call('HMGET', prefix .. ':spend:' .. period.name, 'reserved', 'settled')
      local unread = isAllRead and 0 or unreadIn(period.name)
      local used = tonumber(spend[1] or '0') + tonumber(spend[2] or '0') + (unread or 0)
      if not unread or used + amount > tonumber(cap) then return period, used, tonumber(cap) end
    end
  end
end

-- adds to fields of each period, and to nothing else
local function addToPeriods(names, amounts)
  for name in string.gmatch(names, '[^ ]+') do
    local key = prefix .. ':spend:' .. name
    local isNew = false
    for field, amount in pairs(amounts) do
      -- a field that was 0, or not there: so each new key gets its time
      if amount ~= 0 and redis.call('HINCRBY', key, field, int(amount)) == amount then isNew = true end
    end
    -- one that gets no time stays: without the right a move of money would end half way here
    if isNew then redis.pcall('EXPIRE', key, ${PERIOD_KEPT_DAYS * 86_400}) end
  end
  noteMoved(names)
  for _, amount in pairs(amounts) do
    if amount ~= 0 then return noteTenants(names) end
  end
end

-- books a change of money of the generation ARGV[2], or in one move the holds of new generations, by their ids
local function book(names, amounts, holds)
  -- the sums of a pass follow each hold that moves; the number of moves tells whether all were followed
  if (amounts.reserved or 0) ~= 0 then
    redis.call('INCR', prefix .. ':hold-moves')
    noteHold()
    followHolds(holds or { [ARGV[2]] = amounts.reserved }, names)
    if not holds then raiseRevision(ARGV[2]) end
  end
  addToPeriods(names, amounts)
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

-- books a hold, and returns the values of "held" and "periods" for its submission
local function newHold(periods, amount)
  local names = namesOf(periods)
  book(names, { reserved = amount })
  return '1', names
end

-- the fields of a submission of which nothing was sent; its hold is due unless it was made already
local function plannedFields(failures, amount, held, periods)
  return 'status', 'planned', 'sends', 0, 'round', 0, 'rejections', 0, 'deliverySeq', 0, 'failures', failures, 'reserved', int(amount),
    'held', held or 'due', 'periods', periods or ''
end

-- the entry of such a submission, the newest of its image
local function addSubmission(key, id, index, n, failures, amount)
  redis.call('HSET', submissionKey(id, index, n), plannedFields(failures, amount))
  redis.call('HSET', key, 'latest:' .. index, int(n))
  redis.call('HINCRBY', key, 'live', 1)
end

-- makes the hold of money that was due: on the caps' word by the commit, or without it for a send that has left already
local function makeHold(key, submission, periods)
  submission.held, submission.periods = newHold(periods, tonumber(submission.reserved))
  redis.call('HSET', key, 'held', submission.held, 'periods', submission.periods)
end

local function release(key, submission)
  if submission.held == '1' then book(submission.periods, { reserved = -tonumber(submission.reserved) }) end
  redis.call('HSET', key, 'held', '0')
end
`;
