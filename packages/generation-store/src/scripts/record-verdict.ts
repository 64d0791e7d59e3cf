import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';

/**
 * Keeps what one send came to, and says what that means for the submission:
 * accepted | planned (nothing of it is under way: send again later) | unproven (an earlier send may have been accepted: left
 * to the settlement) | refused (the refusal is final) | burnt (the id was used up by a refusal).
 *
 * Done twice for one send it changes nothing the second time.
 */
export const recordVerdictScript = createLuaScript(/* lua */ `${prelude}${money}
local id, index, n, send, verdict = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local key = submissionKey(id, index, n)
local submission, known = hash(key)
if not known then return 'unproven' end
local generation, hasGeneration = hash(KEYS[1])
soundSubmission(key, submission)
if hasGeneration then soundGeneration(KEYS[1], generation) end
local periods = periodsOf(generation.tenant or '', nowMs())
if submission.held == 'due' then soundLedger(namesOf(periods)) end
if submission.verdictOf == send then return submission.verdict end

local earlier = 0
for field in pairs(submission) do
  if string.sub(field, 1, 5) == 'send:' and field ~= 'send:' .. send then earlier = earlier + 1 end
end
-- a send that the record does not hold was forgotten by Redis, and others may have been with it: no refusal is final then
local forgotten = not submission['send:' .. send]
local live = submission.status == 'planned' or submission.status == 'committed'
local now = nowMs()
if not submission.firstSentAt then redis.call('HSET', key, 'firstSentAt', int(now)) end
if forgotten then
  -- its number is not given away again, or the next send would be taken for this one
  if tonumber(send) > tonumber(submission.sends) then redis.call('HSET', key, 'sends', send) end
  if generation.status == 'queued' then redis.call('HSET', KEYS[1], 'status', 'running') end
end
-- what may be bought holds its money, whatever the caps say: the commit that held it was forgotten
local function holdWhatIsDue()
  if submission.held == 'due' then makeHold(key, submission, periods) end
end

local function accept()
  holdWhatIsDue()
  redis.call('HSET', key, 'send:' .. send, 'accepted')
  if live then
    redis.call('HSET', key, 'status', 'accepted', 'acceptedAt', int(now))
    announce('submission.accepted', id, index, n, now)
  end
  return 'accepted'
end

-- a proved refusal starts a new round, which gets an intent of its own in S3; not so a send without an intent: S3 may hold one
-- of this round that Redis forgot, and the next send must meet it. It may also hold the one of this send, by which it is known
local function drop()
  if redis.call('HDEL', key, 'send:' .. send) == 0 then return end
  if verdict ~= 'no-intent' then
    redis.call('HINCRBY', key, 'round', 1)
    redis.call('HDEL', key, 'unsentAt')
  elseif earlier == 0 and submission.send == send and submission.fresh == '1' then
    redis.call('HSET', key, 'unsentAt', (submission.unsentAt or '') .. ' ' .. submission.firstSentAt)
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
elseif verdict == 'conflict' then
  -- the provider knows the id: from an earlier send that may have been accepted, from one that Redis forgot, or, when every
  -- earlier one was refused, because a refusal uses up the id
  if earlier == 0 and not forgotten and tonumber(submission.rejections) > 0 then
    drop()
    meaning = 'burnt'
  else
    meaning = accept()
  end
else
  drop()
  if verdict ~= 'not-sent' and verdict ~= 'no-intent' then redis.call('HINCRBY', key, 'rejections', 1) end
  if earlier > 0 then
    meaning = 'unproven'
  elseif verdict == 'refused' and not forgotten then
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
return meaning
`);
