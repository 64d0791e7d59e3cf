import { createLuaScript } from '../lua-script.ts';
import { fold } from './fold.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';
import { sends } from './sends.ts';
import { tasksAtProvider } from './tasks-at-provider.ts';

/** Reads what a settlement needs in one trip, and expires the generation when its deadline has passed. */
export const beginSettlementScript = createLuaScript(/* lua */ `${prelude}${money}${fold}${sends}
local key, id, index, n = KEYS[1], ARGV[2], ARGV[3], ARGV[4]
local now = nowMs()
local generation, known = hash(key)
if not known then return { 'no-record' } end
local submissionKey, nextKey = submissionKey(id, index, n), submissionKey(id, index, n + 1)
local submission, planned = hash(submissionKey)
if not planned then return { 'no-record' } end
soundGeneration(key, generation)
soundSubmission(submissionKey, submission)
if generation.deadlineAt ~= '' and now >= tonumber(generation.deadlineAt) and not recovering() then
  -- another image of the generation that cannot be read keeps it open, and none of the others from coming home
  local isClosed, why = pcall(closeGeneration, key, id, 'expired', now)
  if not isClosed and not string.find(tostring(why), 'CORRUPT', 1, true) then error(why, 0) end
end
-- times that lie ahead were written before the clock of Redis went back: what is counted from them would wait for it to catch up
for _, field in ipairs({ 'succeededSeenAt', 'deliveredAt', 'toldAt' }) do
  if tonumber(submission[field] or '') and tonumber(submission[field]) > now then redis.call('HSET', submissionKey, field, int(now)) end
end
if submission.firstSentAt and submission.firstSentAt ~= '' and tonumber(submission.firstSentAt) > now then
  redis.call('HSET', submissionKey, 'firstSentAt', int(firstSendBefore(now, submission.firstSentAt)))
end
redis.call('HINCRBY', submissionKey, 'settlements', 1)
local nextPlanned = redis.call('HGET', nextKey, 'status') == 'planned' and int(n + 1) or ''
return { 'found', int(now), redis.call('HGETALL', key), redis.call('HGETALL', submissionKey), nextPlanned, conflictOf(submission) }
`);

/**
 * Notes that a run which knew ARGV[5] deliveries has put a question, and that the next one is due in ARGV[6] ms. A worker of an earlier
 * version neither writes nor reads it, and asks whenever it is woken.
 */
export const recordQuestionScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'asked', ARGV[5] .. ' ' .. int(nowMs()) .. ' ' .. ARGV[6])
return 1
`);

/** Keeps what the provider said of a finished task: it may have forgotten by the time the upload is there. */
export const recordFactsScript = createLuaScript(/* lua */ `${prelude}${tasksAtProvider}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSETNX', key, 'succeededSeenAt', int(nowMs()))
redis.call('HSET', key, 'facts', ARGV[5])
-- the task is over, whatever becomes of its image
leavePlace(ARGV[2], ARGV[3], ARGV[4])
return 1
`);

/** Keeps that the image was verified and lies under its final key, so that a run which must come again asks S3 for nothing. */
export const recordKeptImageScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'image', ARGV[5])
if ARGV[6] == '1' then redis.call('HINCRBY', key, 'looks', 1) end
return 1
`);

/**
 * Notes that an image which the provider says it has made could not be had, and adds up for how long it has been asked for. A pause
 * between two such answers counts for ARGV[5] ms at the most: while no worker asks, nothing is learned. ARGV[6], unless it is '', is
 * the key of what came in place of the image. Replies that time, in ms.
 */
export const recordMissingImageScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return '0' end
local now, last = nowMs(), tonumber(redis.call('HGET', key, 'missingAt') or '')
redis.call('HSET', key, 'missingAt', int(now))
if ARGV[6] ~= '' then redis.call('HSETNX', key, 'quarantineKey', ARGV[6]) end
if not last then return '0' end
return int(redis.call('HINCRBY', key, 'missedMs', int(math.min(tonumber(ARGV[5]), math.max(0, now - last)))))
`);

/**
 * Ends a submission, after its result lies in S3: status, money, image, generation, events and, after a proved failure, the
 * next submission. All in one script, so that two last images at once still fold once.
 *
 * No cap is asked here: what follows from an end follows from its result alone, so that a rebuild comes to the same (I4). The
 * hold of the next submission is due; a cap that is reached makes it wait for its commit.
 *
 * Replies: settled | already | refused-move | no-record | resubmit <n>
 */
export const settleScript = createLuaScript(/* lua */ `${prelude}${money}${fold}${tasksAtProvider}
local key, id, index, n = KEYS[1], ARGV[2], ARGV[3], ARGV[4]
local status, movesFrom, code, cost, result = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local countsAsFailure, mayResubmit, maxFailures = ARGV[10] == '1', ARGV[11] == '1', tonumber(ARGV[12])
local costSource = ARGV[13]
local submissionKey, nextKey = submissionKey(id, index, n), submissionKey(id, index, n + 1)
local generation, known = hash(key)
local submission, planned = hash(submissionKey)
if not known or not planned then return { 'no-record' } end
soundGeneration(key, generation)
soundSubmission(submissionKey, submission)
local now = nowMs()
local today = namesOf(periodsOf(generation.tenant, now))
soundLedger(submission.periods == '' and today or submission.periods)
-- whoever gave it up had seen the end of its generation, which Redis may have forgotten since
local over = string.match(code, '^generation%.(%a+)$')
if over == 'cancelled' or over == 'expired' then
  closeGeneration(key, id, over, now)
  generation, submission = hash(key), hash(submissionKey)
end
if submission.status == status then
  return { 'already', redis.call('EXISTS', nextKey) == 1 and int(n + 1) or '' }
end
local neverSent = submission.status == 'planned' and tonumber(submission.sends) == 0 and status ~= 'failed'
if neverSent or not string.find(movesFrom, ' ' .. submission.status .. ' ', 1, true) then return { 'refused-move', submission.status } end

-- what the ledger holds of an ended submission; a late image changes it
local function chargeOf(submission)
  local charge = {}
  for _, field in ipairs({ 'settled', 'expected', 'reported', 'unreported', 'differing' }) do charge[field] = tonumber(submission[field] or '0') end
  return charge
end

local wasLive = submission.status == 'planned' or submission.status == 'committed' or submission.status == 'accepted'
redis.call('HSET', submissionKey, 'status', status, 'code', code, 'result', result, 'settledAt', int(now))
leavePlace(id, index, n)
if wasLive then redis.call('HINCRBY', key, 'live', -1) end

-- an operator is shown what is unknown
local unknownKey, name = prefix .. ':unknown', id .. '/' .. index .. '-' .. n
if status == 'unknown' then redis.call('ZADD', unknownKey, int(now), name) else redis.call('ZREM', unknownKey, name) end
-- an unknown outcome keeps its hold until it is known; what was planned again after its hold was given up gets one now
if status == 'unknown' then
  if submission.held == 'due' then makeHold(submissionKey, submission, periodsOf(generation.tenant, now)) end
else
  release(submissionKey, submission)
  local before, after = chargeOf(submission), { settled = tonumber(cost), expected = 0, reported = 0, unreported = 0, differing = 0 }
  if status ~= 'failed' then after.expected = tonumber(submission.reserved) end
  if costSource == 'reported' then
    after.reported = after.settled
    if after.reported ~= after.expected then after.differing = 1 end
  elseif status ~= 'failed' then
    after.unreported = 1
  end
  if submission.periods == '' and after.settled ~= 0 then
    -- its money was never held here, and it was bought all the same: Redis forgot the send
    submission.periods = today
    redis.call('HSET', submissionKey, 'periods', today)
  end
  local more = {}
  for field, value in pairs(after) do more[field] = value - before[field] end
  book(submission.periods, more)
  redis.call('HSET', submissionKey, 'settled', int(after.settled), 'expected', int(after.expected),
    'reported', int(after.reported), 'unreported', after.unreported, 'differing', after.differing)
  redis.call('HINCRBY', key, 'cost', int(more.settled))
end
announce('submission.' .. status, id, index, n, now)

local image = generation['image:' .. index]
local running = generation.status == 'queued' or generation.status == 'running'
local resubmitted
if status == 'succeeded' then
  -- a second paid image of one index is kept beside the first
  if image ~= 'succeeded' then redis.call('HSET', key, 'image:' .. index, 'succeeded', 'winner:' .. index, n) end
  if not running then
    redis.call('HSET', key, 'amended', 1)
    announce('generation.amended', id, index, n, now)
  end
elseif generation['latest:' .. index] == n and image ~= 'succeeded' then
  local failures = tonumber(submission.failures) + (countsAsFailure and 1 or 0)
  if mayResubmit and image == 'open' and running and failures < maxFailures then
    addSubmission(key, id, index, n + 1, failures, tonumber(submission.reserved))
    resubmitted = int(n + 1)
  else
    redis.call('HSET', key, 'image:' .. index, status)
  end
end
foldGeneration(key, id, now)
return resubmitted and { 'resubmit', resubmitted } or { 'settled' }
`);
