import type { Redis } from 'ioredis';
import { z } from 'zod';
import { AFTER_NEW_GENERATION, generationArguments, newGeneration } from '../enqueue/new-generation.ts';
import type { Retention } from '../enqueue/retention.ts';
import { generationKey } from '../keys.ts';
import { erasures } from '../lua/erasures.ts';
import { fold } from '../lua/fold.ts';
import { readHolds } from '../lua/hold-sums.ts';
import { damaged } from '../lua/damaged.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { money } from '../lua/money.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';
import { noteWithheld } from '../settings/withheld.ts';
import type { RememberedGeneration } from './remembered.ts';

const own = nameArguments(['createdAt', 'erasedAt'], AFTER_NEW_GENERATION);
/** A submission: round and time of its newest intent, failures before it, amount and periods of its hold. */
const given = nameArguments(['index', 'n', 'round', 'firstSentAt', 'failures', 'reserved', 'periods'], own.after);

/**
 * Restores the part of a generation that S3 remembers and Redis does not: its entry, submissions, sends and holds. Better knowledge of
 * Redis stays, so this may run again, at any time, beside running workers.
 *
 * A send that Redis does not know counts as one with an unknown outcome: its money is held, in the periods of its intent, and the resend
 * window counts from its time. A submission without a known send in S3 is planned, its hold due.
 *
 * After the arguments of the generation stand its time and a group for each submission, in order; without an intent its time is ''. Replies
 * the number of changed submissions.
 */
const restoreScript =
  createLuaScript(/* lua */ `${prelude}${money}${readHolds}${fold}${newGeneration}${tasksAtProvider}${damaged}${erasures}${noteWithheld}
local key = KEYS[1]
${own.lua}
local now, changed = nowMs(), 0
local generation, isThere = hash(key)
if isThere then soundGeneration(key, generation) end
${given.each()}
  local submissionKey = submissionKey(id, index, n)
  local submission, known = hash(submissionKey)
  if known then soundSubmission(submissionKey, submission) end
end
-- its records were damaged during a rebuild, and were repaired
forgetDamaged(id)
if not isThere then createGeneration(key, id, 'queued', createdAt, now) end
-- a rule that came with a send which Redis has forgotten
if isThere and withhold ~= '' and not generation.withholdFlagged then beginWithholding(key, id, generation, now) end
-- notes about retries of it stay as long as it does
if redis.call('TTL', key) == -1 then redis.call('PERSIST', familyKey(id)) end
-- Redis may have forgotten the erasure, and remember the request
if erasedAt ~= '' then noteTombstone(id, tenant, erasedAt, now) end
-- only the entry may be left; a request that is gone stays so
if request ~= '' and generation.outline and generation.requestDigest == requestDigest and redis.call('TTL', key) == -1 then
  redis.call('HSETNX', key .. ':request', 'request', request)
  keepLabels(key, 'HSETNX')
end

${given.each()}
  local submissionKey = submissionKey(id, index, n)
  local submission, known = hash(submissionKey)
  if not known then
    addSubmission(key, id, index, n, failures, tonumber(reserved))
    if n == '1' then redis.call('HSET', submissionKey, 'line', 'due') end
    if firstSentAt == '' then redis.call('HSET', submissionKey, 'restored', 1) end
    submission = hash(submissionKey)
    if n == '1' then noteStep(id, index, n, createdAt, 'enqueued') end
    if firstSentAt ~= '' then noteStep(id, index, n, firstSentAt, 'committed') end
    noteStep(id, index, n, now, 'restored')
    changed = changed + 1
  end
  -- the intent of a send of this round that never left
  local isUnsent = submission.round == round and string.find((submission.unsentAt or '') .. ' ', ' ' .. firstSentAt .. ' ', 1, true)
  -- a planned submission has no send that may have been accepted; a later round than that of the intent began after it was refused
  if firstSentAt ~= '' and submission.status == 'planned' and tonumber(submission.round) <= tonumber(round) and not isUnsent then
    if submission.held == 'due' then makeHold(submissionKey, submission, periodsNamed(periods)) end
    -- it may have been sent more than once, which decides whether a settlement believes the trail; and it may have been looked for
    redis.call('HSET', submissionKey, 'status', 'committed', 'send:0', 'unknown', 'round', round, 'fresh', 0, 'memory', '',
      'firstSentAt', int(firstSendBefore(now, firstSentAt)), 'sends', int(math.max(2, tonumber(submission.sends))),
      'settlements', int(math.max(1, tonumber(submission.settlements or '0'))))
    followPlace(id, index, n, now)
    leaveLine(id, index, n, tenant)
    local generation = hash(key)
    if generation.status == 'queued' then setStatus(key, id, generation, 'running') end
    announce('submission.committed', id, index, n, now)
    changed = changed + 1
  elseif firstSentAt ~= '' and submission.status == 'committed' and tonumber(submission.round) < tonumber(round) then
    -- a repeated send was forgotten, and the one before it is known: the outcome of that one proves nothing of the other
    local known = tonumber(submission.firstSentAt or '') or now
    redis.call('HSET', submissionKey, 'send:0', 'unknown', 'round', round, 'memory', '', 'remembered', 0,
      'firstSentAt', int(math.min(known, firstSendBefore(now, firstSentAt))), 'sends', int(math.max(2, tonumber(submission.sends))))
    changed = changed + 1
  elseif firstSentAt ~= '' and submission.status == 'failed' and submission.sends == '0' then
    -- given up as never sent after the send was forgotten: it stays ended, and an image that comes is looked for and paid
    redis.call('HSET', submissionKey, 'send:0', 'unknown', 'round', round, 'firstSentAt', int(firstSendBefore(now, firstSentAt)),
      'sends', 2, 'settlements', 1, 'memory', '')
    if submission.periods == '' then redis.call('HSET', submissionKey, 'periods', periods) end
    changed = changed + 1
  end
end
-- of the notes that a retry has left behind, or that are lost
if retryOf ~= '' and replaces ~= '' then
  local notes = { retryOf = retryOf, replaces = replaces }
  local _, indexes = replacedBy(notes)
  noteRetry(id, retryOf, indexes, createdAt)
  if redis.call('TTL', key) > 0 then retireFamily(id, notes, tonumber(retentionSeconds)) end
end
if changed == 0 then return '0' end
raiseRevision(id)

-- of two generations with one idempotency key the younger keeps it: its caller used it after the time of the older was over
local owner = redis.call('HGET', idempotencyKey, 'generationId')
if not owner or owner < id then takeIdempotencyKey(id) end
-- a generation that lives again stays until it is over again
if redis.call('TTL', key) > 0 then
  joinOpen(id, createdAt)
  redis.call('PERSIST', key)
  redis.call('PERSIST', key .. ':request')
  redis.call('PERSIST', idempotencyKey)
  for _, each in ipairs(submissionsOf(hash(key))) do
    redis.call('PERSIST', submissionKey(id, each[1], each[2]))
    redis.call('PERSIST', submissionKey(id, each[1], each[2]) .. ':timeline')
    redis.call('PERSIST', prefix .. ':deliveries:' .. id .. ':' .. each[1] .. '-' .. each[2])
  end
end
return int(changed)
`);

/**
 * Restores the part of a generation that Redis does not know.
 * @returns the number of changed submissions; 0 if it knows them all.
 */
export async function restoreGeneration(
  redis: Redis,
  prefix: string,
  retention: Retention,
  generation: RememberedGeneration,
): Promise<number> {
  const { generationId, createdAt, erasedAt, imageNanoUsd, submissions } = generation;
  const reply = await restoreScript.run(redis, generationKey(prefix, generationId), [
    ...generationArguments(prefix, retention, generation),
    createdAt,
    erasedAt ?? '',
    ...submissions.flatMap(({ index, n, failures, sent }) =>
      given.list({
        index,
        n,
        round: sent?.round ?? 0,
        firstSentAt: sent?.firstSentAt,
        failures,
        reserved: sent?.reservation.amountNanoUsd ?? imageNanoUsd,
        periods: sent?.reservation.periods.join(' '),
      }),
    ),
  ]);
  return z.coerce.number().parse(reply);
}
