import { defaultTiming } from '@darkroom/contracts';

/** Attempts at an image that are remembered beside the first one: an older one has ended, and a late image of it is kept as ever. */
export const MOST_ATTEMPTS = 20;

/**
 * Retries. A retry is a generation of its own, with `retryOf` (the original, never itself a retry) and `replaces` (indexes there, in the
 * order of its own images). The *attempts* at an image of the original are that image and those of its retries; the newest one comes last.
 *
 * One hash for each original that was retried, `:retries:<id>`: by index the attempts behind the first as "<id>/<index>/<createdAt>", and in
 * `home:<index>` the first generation that brought the image home, which stays known when its entry has left Redis. It stays as long as the
 * entry of the original or of a retry, and a restore adds to it what intents tell. After the prelude.
 */
export const retries = /* lua */ `
local function familyKey(root) return prefix .. ':retries:' .. root end

-- the original of a retry and the indexes of its images there, or nil
local function replacedBy(generation)
  if not generation.retryOf or not generation.replaces then return nil end
  local indexes = {}
  for index in string.gmatch(generation.replaces, '%d+') do indexes[#indexes + 1] = index end
  return generation.retryOf, indexes
end

local function retriesAt(root, index)
  local key, all = familyKey(root), {}
  local text = redis.pcall('HGET', key, index)
  if type(text) == 'table' then corrupt(key, 'type') end
  for id, at, createdAt in string.gmatch(text or '', '(%S+)/(%d+)/(%d+)') do
    all[#all + 1] = { id = id, index = at, createdAt = tonumber(createdAt) }
  end
  return all
end

-- all attempts at an image of an original, the newest one last
local function attemptsAt(root, index)
  local all = retriesAt(root, index)
  table.insert(all, 1, { id = root, index = index })
  return all
end

-- adds a retry to the attempts at the images that it replaces
local function noteRetry(id, root, indexes, createdAt)
  for place, index in ipairs(indexes) do
    local all, isNew = retriesAt(root, index), true
    for _, each in ipairs(all) do if each.id == id then isNew = false end end
    if isNew then
      all[#all + 1] = { id = id, index = int(place - 1), createdAt = tonumber(createdAt) }
      table.sort(all, function(a, b)
        if a.createdAt ~= b.createdAt then return a.createdAt < b.createdAt end
        return a.id < b.id
      end)
      local words = {}
      for at = math.max(1, #all - ${MOST_ATTEMPTS - 1}), #all do words[#words + 1] = all[at].id .. '/' .. all[at].index .. '/' .. int(all[at].createdAt) end
      redis.call('HSET', familyKey(root), index, table.concat(words, ' '))
    end
  end
  redis.call('PERSIST', familyKey(root))
end

-- a user with the rights of an earlier version may not write it: a commit then looks at the entries alone
local function noteHome(id, generation, index)
  local root, indexes = replacedBy(generation)
  local key = familyKey(root or id)
  if redis.pcall('EXISTS', key) == 1 then redis.pcall('HSETNX', key, 'home:' .. (root and indexes[index + 1] or index), id) end
end

-- a generation is over: so are the notes, once the original and each retry are
local function retireFamily(id, generation, seconds)
  local root = replacedBy(generation) or id
  local key = familyKey(root)
  local flat = redis.pcall('HGETALL', key)
  if flat.err or #flat == 0 then return end
  local members = { [root] = true }
  for at = 1, #flat, 2 do
    for member in string.gmatch(flat[at + 1], '(%S+)/%d+/%d+') do members[member] = true end
  end
  for member in pairs(members) do if type(redis.pcall('ZSCORE', prefix .. ':open', member)) == 'string' then return end end
  local left = redis.pcall('TTL', key)
  if type(left) == 'number' and left < seconds then redis.pcall('EXPIRE', key, seconds) end
end

-- failures that the provider has answered with; behind every other one a send may have been accepted
local provedFailures = { ['provider.task-failed'] = true, ['provider.refused'] = true, ['provider.content-refused'] = true, ['provider.id-burnt'] = true }

local function mayHaveBeenAccepted(submission)
  for field in pairs(submission) do if string.sub(field, 1, 5) == 'send:' then return true end end
  return false
end

-- one submission of an image: home | open | lost | unknown | free (surely neither bought nor on its way)
local function submissionState(submission, now)
  local status = submission.status
  if status == 'succeeded' then return 'home' end
  if status == 'committed' or status == 'accepted' then return 'open' end
  if status == 'lost' or status == 'unknown' then return status end
  if status == 'failed' and provedFailures[submission.code] then return 'free' end
  -- an operator's finding is no answer of the provider
  if submission.code == 'submission.written-off' then return 'unknown' end
  if not mayHaveBeenAccepted(submission) then return 'free' end
  -- ended as never sent, and S3 knew of a send: it is looked for until the horizon
  local since = tonumber(submission.firstSentAt or '') or now
  return status == 'failed' and now - since >= ${defaultTiming.horizonMs} and 'unknown' or 'open'
end

local worseState = { free = 0, unknown = 1, lost = 2, open = 3, home = 4 }
local readGenerations = {}

-- one attempt at an image: as above, or gone from Redis, or unread (it was bought, and Redis does not know what became of it)
local function attemptState(attempt, now)
  local id, index = attempt.id, attempt.index
  local key = prefix .. ':generation:' .. id
  local generation = readGenerations[id]
  if not generation then
    local known
    generation, known = hash(key)
    if not known then return whyUnknown(id) and 'unread' or 'gone' end
    soundGeneration(key, generation)
    readGenerations[id] = generation
  end
  local image = generation['image:' .. index]
  if not image then corrupt(key, 'image:' .. index) end
  if image == 'succeeded' then return 'home' end
  if image == 'open' and isUnderWay(generation.status) then return 'open' end
  local state = 'free'
  for n = 1, tonumber(generation['latest:' .. index]) do
    local submissionKey = submissionKey(id, index, n)
    local submission = hash(submissionKey)
    soundSubmission(submissionKey, submission)
    local own = submissionState(submission, now)
    if worseState[own] > worseState[state] then state = own end
  end
  return state
end

-- What an earlier attempt at an image of a retry forbids now, and whose: home (it is not bought), open or unread (not yet), lost or unknown
-- (unless it may be paid for again). An entry leaves Redis a week after its last send has ended, and an image that came home by then is noted
local function earlierAttempt(id, generation, index, now)
  local root, indexes = replacedBy(generation)
  if not root then return nil end
  local at = indexes[index + 1]
  local home = redis.call('HGET', familyKey(root), 'home:' .. at)
  if home and home ~= id then return 'home', home end
  local why, whose
  for _, attempt in ipairs(attemptsAt(root, at)) do
    if attempt.id == id then break end
    local state = attemptState(attempt, now)
    if state == 'unread' then state = 'open' end
    local counts = state ~= 'free' and state ~= 'gone' and (generation.mayPayAgain ~= '1' or state == 'open' or state == 'home')
    if counts and (not why or worseState[state] > worseState[why]) then why, whose = state, attempt.id end
  end
  return why, whose
end

-- What a later attempt at this image forbids, or nil. Redis may have forgotten that this one was given up (a cancel leaves nothing in S3), and
-- its retry is there: the later attempt counts, so that neither waits for the other
local function laterAttempt(id, generation, index, now)
  local root, indexes = replacedBy(generation)
  local family = familyKey(root or id)
  if redis.call('EXISTS', family) == 0 then return nil end
  local at = root and indexes[index + 1] or index
  local home = redis.call('HGET', family, 'home:' .. at)
  if home and home ~= id then return 'home' end
  local isBehind = false
  for _, attempt in ipairs(attemptsAt(root or id, at)) do
    if attempt.id == id then
      isBehind = true
    elseif isBehind then
      local state = attemptState(attempt, now)
      if state ~= 'free' then return state end
    end
  end
end
`;
