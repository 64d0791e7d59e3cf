import { createLuaScript } from '../lua-script.ts';
import { fold } from './fold.ts';
import { readHolds } from './hold-sums.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';
import { tasksAtProvider } from './tasks-at-provider.ts';

/**
 * Puts right what is wrong inside the record of one generation, and tells the rest of it. One step, so that no other script can
 * be half-way: whatever it finds is damage. The turn is asked for inside of it: a process that was frozen and lost its turn
 * changes nothing when it goes on.
 *
 * Replies: no-turn | no-record | found <now> <status> <deadlineAt> <submissions> <mended>
 */
export const mendScript = createLuaScript(/* lua */ `${prelude}${money}${readHolds}${fold}${tasksAtProvider}
local key, id, holder = KEYS[1], ARGV[2], ARGV[4]
if redis.call('GET', prefix .. ':turn:' .. ARGV[3]) ~= holder then return { 'no-turn' } end
local now = nowMs()
local head = redis.call('HMGET', key, 'status', 'images', 'live', 'deadlineAt', 'tenant', 'idempotencyDigest', 'requestDigest', 'createdAt')
local status, tenant, digest = head[1], head[5], head[6] or ''
if not status then return { 'no-record' } end
soundGeneration(key, (hash(key)))

local mended, submissions = {}, {}
local function mend(kind, index, n) mended[#mended + 1] = { kind, index or '', n or '' } end

local live, isWhole, holds, hasOpenImage = 0, true, false, false
local isLive = { planned = true, committed = true, accepted = true }
-- I7: what may have been sent holds its money until its outcome is known
local maySpend = { committed = true, accepted = true, unknown = true }

local function mendHold(submissionKey, submission, index, n)
  if maySpend[submission.status] and submission.held ~= '1' then
    if (submission.periods or '') == '' then
      makeHold(submissionKey, submission, periodsOf(tenant, now))
    else
      book(submission.periods, { reserved = tonumber(submission.reserved) })
      redis.call('HSET', submissionKey, 'held', '1')
    end
    submission.held = '1'
    mend('hold-missing', index, n)
  elseif submission.status == 'planned' and submission.held ~= '1' and submission.held ~= 'due' then
    -- not sent: the commit holds it, if the caps allow that
    redis.call('HSET', submissionKey, 'held', 'due', 'periods', '')
    mend('hold-missing', index, n)
  elseif not isLive[submission.status] and submission.status ~= 'unknown' and submission.held == '1' then
    release(submissionKey, submission)
    submission.held = '0'
    mend('hold-left', index, n)
  end
  if submission.held == '1' then holds = true end
end

for index = 0, tonumber(head[2]) - 1 do
  local image = redis.call('HMGET', key, 'image:' .. index, 'latest:' .. index)
  local newest, winner
  for n = 1, tonumber(image[2] or '0') do
    local submissionKey = submissionKey(id, index, n)
    local fields = redis.call('HMGET', submissionKey, 'status', 'held', 'reserved', 'periods', 'sends', 'settlements', 'firstSentAt')
    local submission = { status = fields[1], held = fields[2], reserved = fields[3], periods = fields[4] }
    if submission.status and submission.reserved then
      soundSubmission(submissionKey, (hash(submissionKey)))
      mendHold(submissionKey, submission, index, n)
      -- no finding: a store of an earlier version has none, and a Redis that forgot them all is over its limit for a while
      followPlace(id, index, n, now)
      if isLive[submission.status] then live = live + 1 end
      if submission.status == 'succeeded' then winner = winner or n end
      newest = submission.status
    else
      isWhole, newest = false, nil
    end
    submissions[#submissions + 1] = { index, n, submission.status or '', fields[5] or '0', fields[6] or '0', fields[7] or '' }
  end
  local expected = winner and 'succeeded' or (newest and not isLive[newest] and newest) or 'open'
  if isWhole and image[1] ~= expected then
    redis.call('HSET', key, 'image:' .. index, expected)
    if winner then redis.call('HSETNX', key, 'winner:' .. index, winner) end
    mend('miscounted', index)
  end
  if expected == 'open' then hasOpenImage = true end
end

if isWhole then
  if live ~= tonumber(head[3]) then
    redis.call('HSET', key, 'live', live)
    mend('miscounted')
  end
  local isRunning = status == 'queued' or status == 'running'
  local isOver = not isRunning and live == 0 and not holds
  local isOpen = redis.call('ZSCORE', prefix .. ':open', id)
  if isRunning and not hasOpenImage then
    foldGeneration(key, id, now)
    mend('not-folded')
  elseif isOver and (isOpen or redis.call('TTL', key) == -1) then
    retire(key, id)
    mend('not-retired')
  elseif not isOver and not isOpen then
    joinOpen(id, head[8])
    redis.call('PERSIST', key)
    redis.call('PERSIST', key .. ':request')
    for _, each in ipairs(submissions) do redis.call('PERSIST', submissionKey(id, each[1], each[2])) end
    mend('not-indexed')
  end
  local idempotencyKey = prefix .. ':idempotency:' .. tenantPart(tenant) .. ':' .. digest
  if digest ~= '' and not isOver and redis.call('EXISTS', idempotencyKey) == 0 then
    redis.call('HSET', idempotencyKey, 'generationId', id, 'requestDigest', head[7])
    mend('idempotency-key-missing')
  end
end
return { 'found', int(now), redis.call('HGET', key, 'status'), head[4] or '', submissions, mended }
`);

/** Says of submissions of one generation what Redis knows: <now> <isKnown> then status | sends | round | settledAt | lookedAt of each. */
export const knownScript = createLuaScript(/* lua */ `${prelude}
local id, now = ARGV[2], nowMs()
local reply = { int(now), redis.call('EXISTS', KEYS[1]) }
-- a time that lies ahead was written before the clock of Redis went back
local function notAhead(at) return tonumber(at) and int(math.min(now, tonumber(at))) end
-- a time by the clock of S3 is compared with such times alone
local function byS3(at) return tonumber(at) and int(tonumber(at)) end
for at = 3, #ARGV do
  local fields = redis.call('HMGET', prefix .. ':submission:' .. id .. ':' .. ARGV[at], 'status', 'sends', 'round', 'settledAt', 'lookedAt')
  reply[#reply + 1] = { fields[1] or '', fields[2] or '0', fields[3] or '0', notAhead(fields[4]) or '', byS3(fields[5]) or '0' }
end
return reply
`);

/** Notes for what was in S3 by then the settlement of a submission was woken; it never creates a record (I9). */
export const noteLookScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return 0 end
return redis.call('HSET', key, 'lookedAt', ARGV[5])
`);
