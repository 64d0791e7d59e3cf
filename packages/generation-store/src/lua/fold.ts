import { events } from './events.ts';
import { fairLine } from './fair-line.ts';
import { lists } from './lists.ts';
import { minutes } from './minutes.ts';
import { openImages } from './open-images.ts';
import { retries } from './retries.ts';

/**
 * The fold: the status of a generation follows from its images. Only this function writes the final status of a generation, and only from
 * "queued" or "running" (I4). An image that arrives later amends the entry.
 */
export const fold = /* lua */ `${lists}${openImages}${events}${minutes}${fairLine}${retries}
-- "given": its entry, if the script has read it and changed nothing since; it follows the change
local function finish(key, id, status, now, given)
  local generation = given or hash(key)
  setStatus(key, id, generation, status, now)
  record('generation.' .. status, id, generation, nil, nil, now)
  -- an old end that a rebuild restores was counted and logged when it came
  if tellsEvents then
    countTotal('ended:' .. status)
    noteEnded(id)
  end
end

-- the index and n of each submission, in order
local function submissionsOf(generation)
  local all = {}
  for index = 0, tonumber(generation.images) - 1 do
    for n = 1, tonumber(generation['latest:' .. index]) do all[#all + 1] = { index, n } end
  end
  return all
end

-- a generation without a live submission is kept for a set time; one with money on hold is kept until an operator decides. The holds decide
-- and not the images: an outcome may be unknown although another submission brought the image home
local function retire(key, id, given)
  local generation = given or hash(key)
  if tonumber(generation.live) > 0 then return end
  local submissions = submissionsOf(generation)
  for _, each in ipairs(submissions) do
    local held = redis.pcall('HGET', submissionKey(id, each[1], each[2]), 'held')
    -- an unreadable one may hold money
    if held == '1' or type(held) == 'table' then return end
  end
  local seconds = tonumber(generation.retentionSeconds)
  redis.call('ZREM', prefix .. ':open', id)
  if generation.outline or generation.labels then redis.call('EXPIRE', key .. ':request', seconds) end
  redis.call('EXPIRE', key, seconds)
  if generation.idempotencyDigest ~= '' then
    local idempotencyKey = prefix .. ':idempotency:' .. tenantPart(generation.tenant) .. ':' .. generation.idempotencyDigest
    -- a restored generation may have lost its key to a younger one
    if redis.call('HGET', idempotencyKey, 'generationId') == id then
      redis.call('EXPIRE', idempotencyKey, tonumber(generation.idempotencySeconds))
    end
  end
  for _, each in ipairs(submissions) do
    redis.call('EXPIRE', submissionKey(id, each[1], each[2]), seconds)
    redis.call('EXPIRE', submissionKey(id, each[1], each[2]) .. ':timeline', seconds)
    redis.call('EXPIRE', prefix .. ':deliveries:' .. id .. ':' .. each[1] .. '-' .. each[2], seconds)
  end
  retireFamily(id, generation, seconds)
end

-- "given": its entry as it is now, if the script knows it
local function foldGeneration(key, id, now, given)
  local generation = given or hash(key)
  if isUnderWay(generation.status) then
    local images, succeeded = tonumber(generation.images), 0
    for index = 0, images - 1 do
      local status = generation['image:' .. index]
      if status == 'open' then return end
      if status == 'succeeded' then succeeded = succeeded + 1 end
    end
    finish(key, id, succeeded == images and 'succeeded' or succeeded > 0 and 'partial' or 'failed', now, generation)
  end
  listCodes(key, id, generation)
  retire(key, id, generation)
end

-- ends unsent submissions; sent ones are left to their settlement. They count in the minute of \`endedAt\`: the end of a restored generation may
-- be old
local function closeGeneration(key, id, status, now, endedAt)
  local generation = hash(key)
  soundGeneration(key, generation)
  if not isUnderWay(generation.status) then return end
  for index = 0, tonumber(generation.images) - 1 do
    local submissionKey = submissionKey(id, index, generation['latest:' .. index])
    local submission = hash(submissionKey)
    soundSubmission(submissionKey, submission)
    soundLedger(submission.periods)
  end
  -- money to give back, by the periods of its holds: booked once for all images
  local given = {}
  for index = 0, tonumber(generation.images) - 1 do
    local n = generation['latest:' .. index]
    local submissionKey = submissionKey(id, index, n)
    local submission = hash(submissionKey)
    if submission.status == 'planned' and submission.sends == '0' then
      if submission.held == '1' then given[submission.periods] = (given[submission.periods] or 0) + tonumber(submission.reserved) end
      redis.call('HSET', submissionKey, 'held', '0')
      redis.call('HSET', submissionKey, 'status', 'failed', 'code', 'generation.' .. status)
      -- an earlier submission may have come home late, and "succeeded" stays (I4)
      if generation['image:' .. index] == 'open' then setImage(key, id, generation.tenant, index, 'failed') end
      redis.call('HINCRBY', key, 'live', -1)
      leaveLine(id, index, n, generation.tenant)
      noteStep(id, index, n, now, status)
      announce('submission.failed', id, index, n, now)
      countEnd(now, endedAt or now, 'failed:generation.' .. status)
    end
  end
  for names, amount in pairs(given) do book(names, { reserved = -amount }) end
  finish(key, id, status, now)
  listCodes(key, id, hash(key))
  retire(key, id)
end
`;
