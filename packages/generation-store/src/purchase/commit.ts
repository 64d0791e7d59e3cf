import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { REQUEST_GONE, requestMissing } from '../enqueue/kept-request.ts';
import { generationKey, nameRef } from '../keys.ts';
import { erasures } from '../lua/erasures.ts';
import { fold } from '../lua/fold.ts';
import { imageRules } from '../lua/image-rules.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { prelude } from '../lua/prelude.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';
import { createSeenState, seenArguments, type SeenState } from '../recovery/seen-state.ts';
import { noteWithheld } from '../settings/withheld.ts';
import { capPlaces } from './cap-places.ts';
import { commitReply, goOf, stopOf } from './commit-reply.ts';
import { noteBought } from './note-bought.ts';
import { providerGate } from './provider-trouble.ts';
import { recordVerdict } from './record-verdict.ts';
import type { Commitment } from './steps.ts';

/** Time between two looks at a submission that a rebuild holds back while it reads on. */
const HELD_BACK_MS = 120_000;

const commitArguments = ['id', 'index', 'n', 'token', 'ownerId', 'jobNumberNow', ...seenArguments] as const;

/**
 * Decides buying, and is the only place that does. Opens a send, or replies why not. A send is one POST. The field `send:<k>` stands as
 * long as that POST may have been accepted, and is removed once it was explicitly refused or did not leave.
 *
 * A stop has its reason and, if it is known, the wait until the answer may change; for a cap also the wait behind others. A second call
 * with the same token (after a lost reply) gets the same answer.
 */
const commitScript = createNamedScript(
  commitArguments,
)(/* lua */ `${prelude}${capPlaces}${money}${fold}${providerGate}${tasksAtProvider}${noteBought}${erasures}${imageRules}${noteWithheld}${requestMissing}
local key = KEYS[1]
local submissionKey = submissionKey(id, index, n)
local now = nowMs()
-- the name of this memory, once it is known to be compared
local memory

local function go(submission, generation)
  local words = generation.labels and redis.call('HMGET', key .. ':request', 'tags', 'metadata', 'webhook') or {}
  return named({
    kind = 'go', now = now, send = submission.send, fresh = submission.fresh, rejections = submission.rejections, round = submission.round,
    firstSentAt = submission.firstSentAt, unsentAt = submission.unsentAt, amountNanoUsd = submission.reserved, periods = submission.periods,
    -- the text of a request may be long, and is passed on as it is
    request = generation.request or redis.call('HGET', key .. ':request', 'request') or nil,
    provider = generation.provider, model = generation.model, expected = generation.expected, outline = generation.outline,
    -- while an erasure is noted S3 is asked, whose tombstone may be there already
    requestDigest = redis.call('EXISTS', erasureKey(id)) == 0 and generation.confirmedIn == memory and generation.confirmedDigest or nil,
    tenant = generation.tenant, images = generation.images, createdAt = generation.createdAt, deadlineAt = generation.deadlineAt,
    runAt = generation.runAt, idempotencyKeyHash = generation.idempotencyDigest, clientReference = generation.clientReference,
    retryOf = generation.retryOf, replaces = generation.replaces, mayPayAgain = generation.mayPayAgain, reason = generation.reason,
    priority = generation.priority, withholdFlagged = generation.withholdFlagged, traceparent = generation.traceparent, tags = words[1] or nil, metadata = words[2] or nil, webhook = words[3] or nil, providerFailures = providerFailures(now),
  })
end

local function stop(reason, detail, waitMs, behindMs, line)
  return named({ kind = 'stop', reason = reason, detail = detail, waitMs = waitMs, behindMs = behindMs, line = line })
end

if not isOpen() then return stop('not-initialised') end
-- the connection may lead to the Redis of another Darkroom since this worker compared it with its bucket
if ownerId ~= '' and redis.call('GET', prefix .. ':owner') ~= ownerId then return stop('foreign') end
noticeOlderMemory(seenEpoch, seenMemory, seenAt)
if recovering() then return stop('recovering') end
memory = comparedMemory()
local generation, known = hash(key)
local submission, planned = hash(submissionKey)
if not known or not planned then return stop('no-record') end
soundGeneration(key, generation)
soundSubmission(submissionKey, submission)
if submission.token == token then return go(submission, generation) end
if submission.status ~= 'planned' and submission.status ~= 'committed' then return stop('settled', submission.status) end

local deadlineAt = generation.deadlineAt
if deadlineAt ~= '' and now >= tonumber(deadlineAt) then
  closeGeneration(key, id, 'expired', now)
  generation, submission = hash(key), hash(submissionKey)
end
local closed = not isUnderWay(generation.status)
if submission.status == 'failed' then return stop('settled', 'failed') end
if closed or generation['image:' .. index] ~= 'open' then
  return stop(submission.status == 'planned' and 'never-bought' or 'closed', generation.status)
end
-- nothing can be sent without its request, which was erased or which S3 has lost
if generation.requestDigest == '${REQUEST_GONE}' then return stop(submission.status == 'planned' and 'request-gone' or 'closed', 'request-gone') end
-- the provider takes the id for used: a second send would be refused at best, and bought again at worst. Its settlement decides
if submission.conflictAt then return stop('closed', 'conflict') end
local runAt = tonumber(generation.runAt or '') or 0
if now < runAt then return stop('scheduled', generation.runAt, int(runAt - now)) end
-- a rebuild has brought it back and reads on: a Redis that goes back to before that forgets both, and no comparison asks for unread
-- generations. Or its records are damaged, and a producer of an earlier version has taken its id for a new one
if redis.call('HEXISTS', prefix .. ':unread', id) == 1 or isReading() and redis.call('SISMEMBER', prefix .. ':read', id) == 1 then
  return stop('scheduled', nil, ${HELD_BACK_MS})
end
-- brought back without a send before the store opened: a retry of its image may not be read yet
if submission.restored and isReading() then return stop('scheduled', nil, ${HELD_BACK_MS}) end
local paused, isPaused = hash(prefix .. ':buying-paused')
if isPaused then
  local kind, why = next(paused)
  return stop('paused', kind .. ' ' .. why)
end

-- Redis has lost the key alone
if isRequestMissing(key, generation) then return stop('request-missing') end

-- "fresh": as far as Redis knows, no earlier send of this submission can have been accepted
local fresh = mayHaveBeenAccepted(submission) and 0 or 1

-- a submission without a send under way asks anew; the end of a final refusal may not be recorded yet, and it ends from there
local function planAgain()
  if submission.status ~= 'committed' then return end
  submission.status = 'planned'
  redis.call('HSET', submissionKey, 'status', 'planned')
  announce('submission.planned', id, index, n, now)
end

-- asked until a send may have been accepted; then a retry is finished like every purchase
if fresh == 1 then
  local later = laterAttempt(id, generation, index, now)
  if later == 'unread' then return stop('scheduled', nil, ${HELD_BACK_MS}) end
  if later then
    planAgain()
    return stop('replaced', later == 'home' and 'retry.image-arrived' or 'submission.superseded')
  end
  local why, whose = earlierAttempt(id, generation, index, now)
  if why == 'open' then return stop('awaits-replaced', whose) end
  if why then
    planAgain()
    return stop('replaced', why == 'home' and 'retry.image-arrived' or why == 'lost' and 'retry.lost-image' or 'retry.unknown-outcome')
  end
end

if fresh == 0 and submission.firstSentAt and tonumber(submission.firstSentAt) > now then
  submission.firstSentAt = int(firstSendBefore(now, submission.firstSentAt))
  redis.call('HSET', submissionKey, 'firstSentAt', submission.firstSentAt)
end

local today = periodsOf(generation.tenant, now)
local caps = capsOf(soundCaps())
if not caps then return stop('paused', 'caps') end
local ledger = soundLedger(submission.periods .. ' ' .. namesOf(today))

-- a cap that is already crossed was lowered, or met a price above the list. A submission that may have been sent keeps its hold; a surely
-- unsent one gives it up, so that as much is bought as fits under the cap, and asks again like one without a hold
if submission.held == '1' then
  local crossed = capReached(caps, periodsNamed(submission.periods), 0, ledger)
  if crossed and fresh == 0 then return stop('cap', crossed.name) end
  if crossed then
    release(submissionKey, submission)
    ledger = nil
    submission.held = 'due'
    redis.call('HSET', submissionKey, 'held', 'due', 'periods', '')
    planAgain()
  end
end
local due = submission.held == 'due'
if due then
  local reached = capReached(caps, today, tonumber(submission.reserved), ledger)
  if reached then
    giveUpNumber(id, index, n, generation, submission)
    return stop('cap', reached.name, int(reached.resetsAt - now), waitForPlace(reached.name, deadlineAt, now))
  end
elseif submission.held ~= '1' then
  return stop('no-reservation')
end
local line, ahead, aheadLine = findPlaceInLine(id, index, n, generation, submission, jobNumberNow)
if line then return stop('behind', ahead and (ahead .. ' ' .. int(aheadLine)), nil, nil, line) end
-- a repeated send needs no second place
if isProviderFull(id, index, n, now) then return stop('busy') end
-- last, so that no other reason stops the trial request to a provider in trouble
local leftAloneMs = providerLeftAloneMs(now)
if leftAloneMs > 0 then return stop('provider-trouble', nil, leftAloneMs) end
if due then makeHold(submissionKey, submission, today) end
-- a rule that was set since the enqueue, or that Redis had forgotten then. The intent carries it, so that nothing which Redis forgets lets the
-- image be seen
local _, withholds = imageRulesOf(generation.tenant)
if withholds and not generation.withholdFlagged then
  beginWithholding(key, id, generation, now)
end

passLine(id, index, n, generation, submission, now)
local send = redis.call('HINCRBY', submissionKey, 'sends', 1)
redis.call('HSET', submissionKey, 'send:' .. send, 'open', 'send', send, 'sentIn', memory, 'sentAt', int(now), 'token', token, 'fresh', fresh, 'status', 'committed')
noteStep(id, index, n, now, 'committed', send)
takePlace(id, index, n, now)
noteBought(id, now)
eraseAgain(id, now)
submission.send, submission.fresh = send, fresh
if fresh == 1 then
  submission.firstSentAt = int(now)
  redis.call('HSET', submissionKey, 'firstSentAt', submission.firstSentAt, 'memory', memory)
else
  -- a repeated send has its own intent too: with a shared one no worker could tell that Redis has forgotten it
  submission.round, submission.unsentAt = redis.call('HINCRBY', submissionKey, 'round', 1), nil
  redis.call('HDEL', submissionKey, 'unsentAt')
end
if submission.status == 'planned' then announce('submission.committed', id, index, n, now) end
if generation.status == 'queued' then setStatus(key, id, generation, 'running') end
return go(submission, generation)
`);

/**
 * Decides if a submission is bought now, and opens a send if so.
 * @param token Unique to this call: the same token gets the same answer.
 * @param ownerId The Darkroom of this process; in the Redis of another one nothing is bought. Without it any is accepted.
 * @param jobNumber Present number of its job; without it a submission is not put back to its own number.
 * @param seen Latest state that this process has seen; in an older state of the store nothing is bought.
 */
export async function commit(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  token: string,
  ownerId = '',
  jobNumber?: number,
  seen: SeenState = createSeenState(),
): Promise<Commitment> {
  const key = generationKey(prefix, ref.generationId);
  const reply = commitReply.parse(
    await commitScript.run(redis, key, prefix, { ...nameRef(ref), token, ownerId, jobNumberNow: jobNumber, ...seen.asArguments() }),
  );
  if (reply.kind === 'stop') return stopOf(reply);
  try {
    return goOf(prefix, ref, reply);
  } catch (error) {
    await recordVerdict(redis, prefix, ref, reply.send, 'no-intent');
    throw error;
  }
}
