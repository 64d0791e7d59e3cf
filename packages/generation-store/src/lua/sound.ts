import { generationStatuses, imageMoves, submissionStatuses } from '@darkroom/contracts';

const oneOf = (words: readonly string[]): string => `{ ${words.map((word) => `['${word}'] = true`).join(', ')} }`;

/** Most images of a generation: an entry with more is corrupt, and no script goes through them. */
export const MOST_IMAGES = 20;

/**
 * Refuses an entry that is not sound, before anything is written: a script that fails half way is not undone, and would leave money or a
 * status between two states. The last part of the prelude.
 */
export const sound = /* lua */ `
local knownStatus = {
  generation = ${oneOf(generationStatuses)},
  image = ${oneOf(Object.keys(imageMoves))},
  submission = ${oneOf(submissionStatuses)},
  held = ${oneOf(['0', '1', 'due'])}
}

-- whole, and held exactly by a number of Lua
local function isWhole(value)
  return value and #value <= 16 and string.find(value, '^-?%d+$')
end

local function wholeFields(key, fields, names)
  for _, name in ipairs(names) do if not isWhole(fields[name]) then corrupt(key, name) end end
end

-- a missing field need not be whole
local function wholeIfThere(key, fields, names)
  for _, name in ipairs(names) do
    if fields[name] and fields[name] ~= '' and not isWhole(fields[name]) then corrupt(key, name) end
  end
end

local function soundGeneration(key, generation)
  wholeFields(key, generation, { 'images', 'live', 'createdAt', 'cost', 'retentionSeconds', 'idempotencySeconds' })
  wholeIfThere(key, generation, { 'deadlineAt', 'runAt' })
  if not knownStatus.generation[generation.status] then corrupt(key, 'status') end
  if not generation.deadlineAt then corrupt(key, 'deadlineAt') end
  if not generation.idempotencyDigest then corrupt(key, 'idempotencyDigest') end
  if not generation.request and not generation.outline then corrupt(key, 'request') end
  if not string.find(generation.tenant or '', '^[%w_.:@+|-]+$') then corrupt(key, 'tenant') end
  local images = tonumber(generation.images)
  if images < 1 or images > ${MOST_IMAGES} then corrupt(key, 'images') end
  local submissions = 0
  for index = 0, images - 1 do
    local latest = generation['latest:' .. index]
    -- scripts go through all of them: 2000 take some ten milliseconds, and a real generation has a few for each image
    submissions = submissions + (isWhole(latest) and tonumber(latest) or 0)
    if not isWhole(latest) or tonumber(latest) < 1 or submissions > 2000 then corrupt(key, 'latest:' .. index) end
    if not knownStatus.image[generation['image:' .. index]] then corrupt(key, 'image:' .. index) end
  end
end

local function soundSubmission(key, submission)
  wholeFields(key, submission, { 'sends', 'round', 'rejections', 'deliverySeq', 'failures', 'reserved' })
  wholeIfThere(key, submission, { 'firstSentAt', 'sentAt', 'settlements', 'missingAt', 'missedMs', 'conflictAt', 'notKnownAt', 'refusalSeen', 'settled', 'expected', 'reported', 'unreported', 'differing' })
  if not knownStatus.submission[submission.status] then corrupt(key, 'status') end
  if not knownStatus.held[submission.held] then corrupt(key, 'held') end
  if not submission.periods or submission.held == '1' and submission.periods == '' then corrupt(key, 'periods') end
  for name in string.gmatch(submission.periods, '[^ ]+') do
    if not string.find(name, '^%a[%w_.:~-]*:%a+:[%d-]+$') then corrupt(key, 'periods') end
  end
end

-- the ledger of each of these periods, separated by blanks; one that is named twice is read once. Replies its fields by the name of the period
local function soundLedger(names)
  local read = {}
  for name in string.gmatch(names, '[^ ]+') do
    if not read[name] then
      local key = prefix .. ':spend:' .. name
      local fields = { 'reserved', 'settled', 'expected', 'reported', 'unreported', 'differing' }
      local values = redis.pcall('HMGET', key, unpack(fields))
      if values.err then corrupt(key, 'type') end
      for at, field in ipairs(fields) do
        if values[at] and values[at] ~= '' and not isWhole(values[at]) then corrupt(key, field) end
      end
      read[name] = values
    end
  end
  return read
end

-- replies the caps
local function soundCaps()
  local key = prefix .. ':caps'
  local caps = hash(key)
  for _, name in ipairs({ 'all:day', 'all:month', 'tenant:day', 'tenant:month' }) do
    if caps[name] and not isWhole(caps[name]) then corrupt(key, name) end
  end
  return caps
end
`;
