import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { lists } from '../lua/lists.ts';
import { minutes } from '../lua/minutes.ts';
import { money } from '../lua/money.ts';
import { prelude } from '../lua/prelude.ts';
import { sends } from '../lua/sends.ts';
import { createSubmissionScript } from '../lua/named-script.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';
import type { SendVerdict, VerdictMeaning } from './steps.ts';

/**
 * Stores the verdict of one send, and replies its meaning for the submission: accepted | planned (no send is under way: send again later) |
 * unproven (an earlier send may have been accepted: left to the settlement) | refused (the refusal is final).
 *
 * A conflict decides nothing: it is left to the settlement, and nothing else of the submission is sent meanwhile. The same holds for a
 * conflict that the audit trail reported before this send left ("conflict-seen").
 *
 * A second call for one send changes nothing.
 */
const recordVerdictScript = createSubmissionScript([
  'send',
  'verdict',
  'code',
])(/* lua */ `${prelude}${lists}${money}${minutes}${sends}${tasksAtProvider}
local submission, known = hash(key)
if not known then return 'unproven' end
local generation, hasGeneration = hash(KEYS[1])
soundSubmission(key, submission)
if hasGeneration then soundGeneration(KEYS[1], generation) end
local periods
if submission.held == 'due' then
  periods = periodsOf(generation.tenant or '', nowMs())
  soundLedger(namesOf(periods))
end
if submission.verdictOf == send then return submission.verdict end

local earlier = 0
for field in pairs(submission) do
  if string.sub(field, 1, 5) == 'send:' and field ~= 'send:' .. send then earlier = earlier + 1 end
end
-- a send without a field in the entry was forgotten by Redis, maybe together with others: no refusal is final then. Nor is one after a
-- restart, until the next round has asked S3 for an intent that Redis forgot
local forgotten = not submission['send:' .. send]
-- told again after its end, which was recorded: it is counted once
local toldAgain = forgotten and tonumber(send) <= tonumber(submission.sends)
local live = submission.status == 'planned' or submission.status == 'committed'
local now = nowMs()
if not submission.firstSentAt then redis.call('HSET', key, 'firstSentAt', int(now)) end
if forgotten then
  if not toldAgain then redis.call('HSET', key, 'memory', '', 'remembered', 0) end
  -- its number is not used again, or the next send would be taken for this one
  if tonumber(send) > tonumber(submission.sends) then redis.call('HSET', key, 'sends', send) end
  if generation.status == 'queued' then setStatus(KEYS[1], id, generation, 'running') end
end
-- a submission that may be bought holds its money, whatever the caps say: Redis forgot the commit that held it
local function holdWhatIsDue()
  if submission.held == 'due' then makeHold(key, submission, periods) end
end

local function accept()
  holdWhatIsDue()
  redis.call('HSET', key, 'send:' .. send, 'accepted')
  redis.call('SET', prefix .. ':accepted-at', int(now))
  if live then
    redis.call('HSET', key, 'status', 'accepted', 'acceptedAt', int(now))
    announce('submission.accepted', id, index, n, now)
    countMinute(now, 'accepted')
  end
  return 'accepted'
end

-- a proved refusal starts a new round, with its own intent in S3. A send without an intent does not: S3 may hold an intent of this round
-- that Redis forgot, and the next send must meet it. S3 may also hold the one of this send, by which it is known
local function drop()
  if submission.refusalBeside and (verdict == 'not-sent' or verdict == 'no-intent') then
    redis.call('HSET', key, 'refusalBeside', (string.gsub(submission.refusalBeside, ' ' .. send .. ' ', ' ')))
  end
  if redis.call('HDEL', key, 'send:' .. send) == 0 then return end
  if verdict ~= 'no-intent' then
    redis.call('HINCRBY', key, 'round', 1)
    redis.call('HDEL', key, 'unsentAt')
  elseif earlier == 0 and submission.send == send and submission.fresh == '1' then
    -- the last fifty: an older one counts as sent, and is asked about
    redis.call('HSET', key, 'unsentAt', string.sub((submission.unsentAt or '') .. ' ' .. submission.firstSentAt, -14 * 50))
  end
end

local meaning
if verdict == 'accepted' then
  meaning = accept()
elseif verdict == 'unknown' then
  holdWhatIsDue()
  redis.call('HSET', key, 'send:' .. send, 'unknown')
  if submission.status == 'planned' then
    redis.call('HSET', key, 'status', 'committed')
    announce('submission.committed', id, index, n, now)
  end
  meaning = 'unproven'
elseif verdict == 'conflict' or verdict == 'conflict-seen' then
  -- the provider knows the id: from an earlier send that may have been accepted, from one that Redis forgot, or because a refusal used it
  -- up
  if live then
    holdWhatIsDue()
    local remembered = not forgotten and isRemembered(submission)
    -- the trail shows it as the last response to the id: after a proved refusal it belongs to the one send whose answer was lost
    if verdict == 'conflict-seen' and remembered and wasRefusalProved(submission) and submission.rejections == '1' then
      local open = {}
      for _, other in ipairs(openSends(submission)) do if other ~= send then open[#open + 1] = other end end
      if #open == 1 then redis.call('HSET', key, 'send:' .. open[1], 'conflict') end
    end
    redis.call('HSET', key, 'send:' .. send, 'conflict')
    if redis.call('HSETNX', key, 'conflictAt', int(now)) == 1 then redis.call('HSET', key, 'remembered', remembered and 1 or 0) end
    if submission.status == 'planned' then
      redis.call('HSET', key, 'status', 'committed')
      announce('submission.committed', id, index, n, now)
    end
    meaning = 'unproven'
  else
    meaning = 'accepted'
  end
else
  drop()
  if verdict ~= 'not-sent' and verdict ~= 'no-intent' and not toldAgain then redis.call('HINCRBY', key, 'rejections', 1) end
  if earlier > 0 then
    meaning = 'unproven'
  elseif verdict == 'refused' and not forgotten and isRemembered(submission) then
    meaning = 'refused'
  else
    if submission.status == 'committed' then
      redis.call('HSET', key, 'status', 'planned')
      announce('submission.planned', id, index, n, now)
    end
    meaning = 'planned'
  end
end
redis.call('HSET', key, 'verdictOf', send, 'verdict', meaning)
local steps = { unknown = 'unanswered', account = 'refused', ['conflict-seen'] = 'conflict', ['no-intent'] = 'not-sent' }
noteStep(id, index, n, now, steps[verdict] or verdict, send .. (code ~= '' and ' ' .. code or ''))
followPlace(id, index, n, now)
return meaning
`);

/**
 * Stores what the audit trail showed before a send left: a refusal as the last response to the id. If only one send may have arrived by
 * then, that send was refused, whatever became of its answer. Replies 1, or 0 if Redis may have forgotten a send.
 */
const recordRefusalSeenScript = createSubmissionScript(['send'])(/* lua */ `${prelude}${sends}
local submission, known = hash(key)
if not known or submission.status ~= 'committed' or submission['send:' .. send] ~= 'open' then return 0 end
soundSubmission(key, submission)
if not isRemembered(submission) then return 0 end
local beside = {}
for _, other in ipairs(openSends(submission)) do if other ~= send then beside[#beside + 1] = other end end
if submission.rejections == '0' and #beside == 1 then
  redis.call('HDEL', key, 'send:' .. beside[1])
  redis.call('HSET', key, 'rejections', 1, 'refusalSeen', 1, 'refusalBeside', ' ')
else
  redis.call('HSET', key, 'refusalSeen', submission.rejections, 'refusalBeside', ' ' .. table.concat(beside, '  ') .. ' ')
end
return 1
`);

/** A code of the provider that a timeline may hold: no text, and no address. */
const CODE = /^[\w.-]{1,40}$/;

/** Stores the verdict of one send. @param code The provider's own code of a refusal, for the timeline. */
export async function recordVerdict(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  send: number,
  verdict: SendVerdict,
  code = '',
): Promise<VerdictMeaning> {
  const reply = await recordVerdictScript.run(redis, prefix, ref, { send, verdict, code: CODE.test(code) ? code : '' });
  return z.enum(['accepted', 'planned', 'unproven', 'refused']).parse(reply);
}

/** Stores that the audit trail showed a refusal as the last response to the id, before this send left. */
export async function recordRefusalSeen(redis: Redis, prefix: string, ref: SubmissionRef, send: number): Promise<void> {
  await recordRefusalSeenScript.run(redis, prefix, ref, { send });
}
