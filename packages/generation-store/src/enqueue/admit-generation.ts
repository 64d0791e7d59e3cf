import { GENERATION_ID_AHEAD_MS, GENERATION_ID_MAX_AGE_MS } from '@darkroom/contracts';
import { imageRules } from '../lua/image-rules.ts';

/** Longest time until a run in days; later runs belong into a calendar, not into a queue. */
export const MAX_RUN_AHEAD_DAYS = 30;
const MAX_RUN_AHEAD_MS = MAX_RUN_AHEAD_DAYS * 86_400_000;

/**
 * Admits new generations of one tenant: checks their times by Redis time, the rules of the tenant, the caps and the bounds on open images, and
 * writes them with their submissions and holds. It decides about all before it writes the first, because their holds are booked in one move. For
 * a generation that runs later, and while Redis may have forgotten holds or caps, the commit makes the hold instead.
 *
 * A script that fails is not undone, so the order of the writes decides what a failure leaves. What many generations share is read before the
 * first write. Holds come before the entries: too much is held, and not too little. A generation without an entry gives its hold back, because a
 * repeated call holds it again; one with an entry keeps it, is counted and listed, and a repeated call finds it.
 *
 * After the parts of a new generation, the bounds, the signs of life, the events, the money, the minutes and the fair line.
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

-- what all new generations of a call share: its moment, and their tenant. "held" and "images" are those that this call has admitted
local shared
local function readShared(now)
  local requires, withholds = imageRulesOf(tenant)
  local periods, caps = periodsOf(tenant, now), capsOf(soundCaps())
  local names = namesOf(periods)
  return {
    requires = requires, withholds = withholds, periods = periods, names = names, caps = caps, isDue = recovering() or not caps,
    ledger = soundLedger(names), isAllRead = isAllMoneyRead(), bounds = boundsOf(tenant), held = 0, images = 0,
  }
end

-- Replies safety-required, cap or full, or nil if it is admitted; then also whether it runs later, and whether its hold is made later. An
-- admitted one counts for those that follow
local function refusalOf(now)
  shared = shared or readShared(now)
  -- without the check no image is cleared: each would be bought and withheld
  if checked == '' and (shared.requires or shared.withholds or withhold ~= '') then
    return { kind = 'safety-required', rule = shared.requires and 'requireSafetyCheck' or 'withholdFlagged' }
  end
  local isLater = runAt ~= '' and tonumber(runAt) > now
  local isDue = isLater or shared.isDue
  if not isDue then
    local period, used, cap = capReached(shared.caps, shared.periods, shared.held + amount * images, shared.ledger, shared.isAllRead)
    if period then return { kind = 'cap', period = period.name, used = used + shared.held, cap = cap, resetsAt = period.resetsAt, now = now } end
  end
  -- behind the caps: a full queue has room again in minutes
  local bound = boundReached(shared.bounds, shared.images + images)
  if bound then return { kind = 'full', bound = bound.name, limit = bound.limit, open = bound.open + shared.images } end
  if not isDue then shared.held = shared.held + amount * images end
  shared.images = shared.images + images
  return nil, isLater, isDue
end

local function wordsOf(trouble)
  return type(trouble) == 'table' and trouble.err or tostring(trouble)
end

-- calls a function about a key that the generations of a call share: if it is of another type, the error names that key, and not one of them
local function callAbout(key, act, ...)
  local isDone, reply = pcall(act, ...)
  if isDone then return reply end
  local words = wordsOf(reply)
  if string.find(words, 'WRONGTYPE', 1, true) or string.find(words, 'not an integer', 1, true) then corrupt(key, 'type') end
  error(reply, 0)
end

-- adds members, if there are any, to a set without which no generation is bought
local function mustAdd(key, scored)
  if #scored > 0 then callAbout(key, redis.call, 'ZADD', key, unpack(scored)) end
end

-- adds members, if there are any, to a set that the reconciler mends
local function mayAdd(key, scored)
  if #scored > 0 then redis.pcall('ZADD', key, unpack(scored)) end
end

local function addScored(list, score, member)
  list[#list + 1] = score
  list[#list + 1] = member
end

-- writes one of them. "clock": the numbers of the line; "added": members of sets, which are added for all at once
local function writeNew(key, now, isLater, isDue, clock, added)
  if shared.withholds then withhold = '1' end
  local more = { 'live', int(images) }
  for index = 0, images - 1 do
    addGiven(more, 'image:' .. index, 'open')
    addGiven(more, 'latest:' .. index, 1)
  end
  writeEntry(key, id, 'queued', int(now), 1, more)
  -- it is there from here on, whatever fails below
  for index = 0, images - 1 do addScored(added.openImages, 0, openImageName(id, tenant, index)) end
  addScored(added.queued, int(now), id)
  added.images = added.images + images
  if isDue then added.isDue = true end
  local line
  for index = 0, images - 1 do
    local own = submissionKey(id, index, 1)
    local number = not isLater and takeNumber(clock)
    redis.call('HSET', own, 'line', number and int(number) or 'due', plannedFields(0, amount, not isDue and '1' or nil, not isDue and shared.names or nil))
    -- the first step of its timeline
    redis.pcall('SET', own .. ':timeline', int(now) .. ' enqueued;')
    if number then
      local me = inLine(id, index, 1)
      addScored(added.line, int(number), me)
      addScored(added.ofTenant, placeByUrgency(priority, number), me)
      line = line or {}
      line[index + 1] = jobNumber(number, clock.base)
    end
  end
  takeIdempotencyKey(id)
  record('generation.queued', id, { tenant = tenant, provider = provider, model = model, traceparent = traceparent }, nil, nil, now)
  return { kind = 'created', id = id, runAt = runAt, line = line }
end

-- gives a hold back, which this call has booked, of each generation that has got no entry
local function giveBack(without)
  local lost, holds = 0, {}
  for _, each in ipairs(without) do
    lost = lost + each.hold
    holds[each.id] = -each.hold
  end
  if lost > 0 then book(shared.names, { reserved = -lost }, holds) end
end

-- puts the submissions into the fair line
local function joinAll(clock, added)
  if #added.line == 0 then return end
  callAbout(lineClocks, setClock, tenant, clock.number, clock.taken)
  mustAdd(lineKey, added.line)
  mustAdd(lineOf(tenant), added.ofTenant)
end

-- Writes admitted generations, each with its id, its key, its highest cost and the facts of refusalOf; if there are several, with its arguments.
-- Replies one answer for each, in their order; a text is the error of one that could not be written
local function writeAdmitted(all, now)
  local clock = callAbout(lineClocks, beginNumbers, tenant)
  clock.base = lineBase()
  local open, holds, silentSince = {}, {}, noWorkerSince(now)
  for _, each in ipairs(all) do
    addScored(open, int(now), each.id)
    if not each.isDue then holds[each.id] = each.most end
  end
  -- the first write: a server that takes no writes refuses it
  mustAdd(prefix .. ':open', open)
  if shared.held > 0 then callAbout(prefix .. ':hold-moves', book, shared.names, { reserved = shared.held }, holds) end
  local added = { openImages = {}, line = {}, ofTenant = {}, queued = {}, images = 0 }
  local answers, without = {}, {}
  for at, each in ipairs(all) do
    if each.values then takeGeneration(each.values) end
    local isWritten, answer = pcall(writeNew, each.key, now, each.isLater, each.isDue, clock, added)
    if isWritten then answer.noWorkerSince = silentSince else answer = wordsOf(answer) end
    if not isWritten and holds[id] and not redis.pcall('HGET', each.key, 'requestDigest') then without[#without + 1] = { id = id, hold = holds[id] } end
    answers[at] = answer
  end
  giveBack(without)
  mayAdd(openImagesKey, added.openImages)
  for _, list in ipairs(listsOf(tenant)) do mayAdd(list .. 'queued', added.queued) end
  -- its money is held later, maybe in another period
  if added.isDue then noteTenants(shared.names) end
  if #added.queued > 0 then
    countMinute(now, 'generations', #added.queued / 2)
    countMinute(now, 'enqueued', added.images)
  end
  -- last: it may fail, and concerns those that have got a number
  local isInLine, trouble = pcall(joinAll, clock, added)
  for at, answer in ipairs(answers) do
    if not isInLine and type(answer) == 'table' and answer.line then answers[at] = wordsOf(trouble) end
  end
  return answers
end

-- admits one alone: replies safety-required, cap or full, or created once it is written
local function admit(key, now)
  local refusal, isLater, isDue = refusalOf(now)
  if refusal then return refusal end
  local answer = writeAdmitted({ { id = id, key = key, most = amount * images, isLater = isLater, isDue = isDue } }, now)[1]
  if type(answer) == 'string' then error(answer, 0) end
  return answer
end
`;
