import { type SubmissionRef, submissionStatuses, submissionStatusesBefore } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, nameRef } from '../keys.ts';
import { erasures } from '../lua/erasures.ts';
import { fold } from '../lua/fold.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';
import { noteWithheld } from '../settings/withheld.ts';
import type { Settlement, SettleReply } from './steps.ts';

/**
 * Ends a submission whose result lies in S3: status, money, image, generation, events and, after a proved failure, the next submission. One
 * script does it all, so that two last images at once still fold once.
 *
 * No cap is asked here: everything that follows from an end follows from its result alone, so that a rebuild comes to the same (I4). The
 * hold of the next submission is due; a reached cap makes it wait for its commit.
 *
 * Replies settled, already, refused-move, no-record or resubmit.
 */
const settleScript = createNamedScript([
  'id',
  'index',
  'n',
  'status',
  'movesFrom',
  'code',
  'cost',
  'costSource',
  'result',
  'countsAsFailure',
  'mayResubmit',
  'maxFailures',
  'isOld',
  'verdict',
  'endedAt',
  'road',
])(/* lua */ `${prelude}${money}${fold}${tasksAtProvider}${erasures}${noteWithheld}
tellsEvents = isOld ~= '1'
local key = KEYS[1]
local submissionKey, nextKey = submissionKey(id, index, n), submissionKey(id, index, n + 1)
local generation, known = hash(key)
local submission, planned = hash(submissionKey)
if not known or not planned then return named({ kind = 'no-record' }) end
soundGeneration(key, generation)
soundSubmission(submissionKey, submission)
local now = nowMs()
local today = namesOf(periodsOf(generation.tenant, now))
soundLedger(submission.periods == '' and today or submission.periods)
eraseAgain(id, now)
-- the process that gave it up had seen the end of its generation, which Redis may have forgotten since
local over = string.match(code, '^generation%.(%a+)$')
if over == 'cancelled' or over == 'expired' then
  closeGeneration(key, id, over, now, tonumber(endedAt))
  generation, submission = hash(key), hash(submissionKey)
end
if submission.status == status then
  return named({ kind = 'already', n = redis.call('EXISTS', nextKey) == 1 and n + 1 or nil })
end
local neverSent = submission.status == 'planned' and tonumber(submission.sends) == 0 and status ~= 'failed'
if neverSent or not string.find(movesFrom, ' ' .. submission.status .. ' ', 1, true) then return named({ kind = 'refused-move', from = submission.status }) end

-- sums of an ended submission in the ledger; a late image changes them
local function chargeOf(submission)
  local charge = {}
  for _, field in ipairs({ 'settled', 'expected', 'reported', 'unreported', 'differing' }) do charge[field] = tonumber(submission[field] or '0') end
  return charge
end

local wasLive = submission.status == 'planned' or submission.status == 'committed' or submission.status == 'accepted'
redis.call('HSET', submissionKey, 'status', status, 'code', code, 'result', result, 'settledAt', int(now))
leavePlace(id, index, n)
leaveLine(id, index, n, generation.tenant)
if wasLive then generation.live = redis.call('HINCRBY', key, 'live', -1) end

-- unknown outcomes are shown to an operator
local unknownKey, name = prefix .. ':unknown', id .. '/' .. index .. '-' .. n
if status == 'unknown' then redis.call('ZADD', unknownKey, int(now), name) else redis.call('ZREM', unknownKey, name) end
-- an unknown outcome keeps its hold until it is known; a submission that was planned again after it gave up its hold gets one now
if status == 'unknown' then
  if submission.held == 'due' then makeHold(submissionKey, submission, periodsOf(generation.tenant, now)) end
else
  local before, after = chargeOf(submission), { settled = tonumber(cost), expected = 0, reported = 0, unreported = 0, differing = 0 }
  if status ~= 'failed' then after.expected = tonumber(submission.reserved) end
  if costSource == 'reported' then
    after.reported = after.settled
    if after.reported ~= after.expected then after.differing = 1 end
  elseif status ~= 'failed' then
    after.unreported = 1
  end
  if submission.periods == '' and after.settled ~= 0 then
    -- its money was never held here, and it was bought nevertheless: Redis forgot the send
    submission.periods = today
    redis.call('HSET', submissionKey, 'periods', today)
  end
  local more = {}
  for field, value in pairs(after) do more[field] = value - before[field] end
  -- in one move with the hold that it gives back: each move touches four periods
  if submission.held == '1' then more.reserved = -tonumber(submission.reserved) end
  book(submission.periods, more)
  redis.call('HSET', submissionKey, 'held', '0', 'settled', int(after.settled), 'expected', int(after.expected),
    'reported', int(after.reported), 'unreported', after.unreported, 'differing', after.differing)
  redis.call('HINCRBY', key, 'cost', int(more.settled))
end
noteStep(id, index, n, now, status, code)
record('submission.' .. status, id, generation, index, n, now)
countEnd(now, tonumber(endedAt), status == 'succeeded' and 'recorded' or 'failed:' .. code)
if road ~= '' then countEnd(now, tonumber(endedAt), 'road:' .. road) end
-- once for each submission: an operator may call an unknown one lost
if tellsEvents and (status == 'lost' or status == 'unknown') and submission.status ~= 'unknown' then
  countTotal('not-here:' .. status)
end

local image = generation['image:' .. index]
local running = isUnderWay(generation.status)
local resubmitted
if status == 'succeeded' then
  -- a second paid image of one index is kept beside the first
  if image ~= 'succeeded' then
    redis.call('HSET', key, 'winner:' .. index, n)
    setImage(key, id, generation.tenant, index, 'succeeded')
    generation['image:' .. index] = 'succeeded'
    noteHome(id, generation, index)
  end
  if image ~= 'succeeded' or generation['winner:' .. index] == n then noteWithheld(generation, id, index, n, verdict, now) end
  if not running then
    redis.call('HSET', key, 'amended', 1)
    record('generation.amended', id, generation, index, n, now)
  end
elseif generation['latest:' .. index] == n and image ~= 'succeeded' then
  local failures = tonumber(submission.failures) + (countsAsFailure == '1' and 1 or 0)
  if mayResubmit == '1' and image == 'open' and running and failures < tonumber(maxFailures) then
    addSubmission(key, id, index, n + 1, failures, tonumber(submission.reserved))
    noteStep(id, index, n + 1, now, 'planned')
    resubmitted = n + 1
  else
    setImage(key, id, generation.tenant, index, status)
    generation['image:' .. index] = status
  end
end
-- it follows what this script has changed, unless an image is bought again
foldGeneration(key, id, now, not resubmitted and generation or nil)
return named({ kind = resubmitted and 'resubmit' or 'settled', n = resubmitted })
`);

const replySchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['settled', 'no-record']) }),
    z.object({ kind: z.literal('already'), n: number.optional() }),
    z.object({ kind: z.literal('refused-move'), from: z.enum(submissionStatuses) }),
    z.object({ kind: z.literal('resubmit'), n: number }),
  ]),
);

/** Ends a submission; its result must lie in S3 before. */
export async function settle(redis: Redis, prefix: string, ref: SubmissionRef, settlement: Settlement): Promise<SettleReply> {
  const { result, code, countsAsFailure, mayResubmit, maxSubmissions, isOld = false } = settlement;
  const reply = replySchema.parse(
    await settleScript.run(redis, generationKey(prefix, ref.generationId), prefix, {
      ...nameRef(ref),
      status: result.status,
      movesFrom: ` ${submissionStatusesBefore(result.status).join(' ')} `,
      code,
      cost: result.costNanoUsd ?? 0,
      costSource: result.costSource,
      result: JSON.stringify(result),
      countsAsFailure: countsAsFailure ? 1 : 0,
      mayResubmit: mayResubmit ? 1 : 0,
      maxFailures: maxSubmissions,
      isOld: isOld ? 1 : 0,
      verdict: result.nsfwContent === false ? 'clear' : undefined,
      endedAt: result.settledAt,
      road: result.road,
    }),
  );
  if (reply.kind !== 'already') return reply;
  // the first run may have died before it added the job of the next submission
  return reply.n === undefined ? { kind: 'already' } : { kind: 'resubmit', n: reply.n };
}
