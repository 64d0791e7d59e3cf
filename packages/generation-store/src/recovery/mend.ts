import { defined, submissionStatuses } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { whole } from '../corrupt-entry.ts';
import { requestMissing } from '../enqueue/kept-request.ts';
import { generationKey } from '../keys.ts';
import { fold } from '../lua/fold.ts';
import { readHolds } from '../lua/hold-sums.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { flag, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';
import type { GenerationPicture, Mended } from './findings.ts';
import { RECONCILE_TURN } from './turns.ts';

/**
 * Repairs the entry of one generation and replies it, in one step: no other script can be half-way, so each disagreement is damage. The
 * script itself checks the turn: a process that was frozen and lost its turn changes nothing when it goes on.
 *
 * Replies no-turn, no-record or found.
 */
const mendScript = createNamedScript(['id', 'holder'])(/* lua */ `${prelude}${money}${readHolds}${fold}${tasksAtProvider}${requestMissing}
local key = KEYS[1]
if redis.call('GET', prefix .. ':turn:${RECONCILE_TURN}') ~= holder then return named({ kind = 'no-turn' }) end
local now = nowMs()
local head = redis.call('HMGET', key, 'status', 'images', 'live', 'deadlineAt', 'tenant', 'idempotencyDigest', 'requestDigest', 'createdAt')
local status, tenant, digest = head[1], head[5], head[6] or ''
if not status then return named({ kind = 'no-record' }) end
local generation = hash(key)
soundGeneration(key, generation)

local mended, submissions, places = {}, {}, {}
local function mend(kind, index, n)
  raiseRevision(id)
  mended[#mended + 1] = named({ kind = kind, index = index, n = n })
end

local live, isWhole, holds, hasOpenImage, uncounted = 0, true, false, false, 0
local isLive = { planned = true, committed = true, accepted = true }
-- I7: a submission that may have been sent holds its money until its outcome is known
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
    places[#places + 1] = { index, n }
    submissions[#submissions + 1] = named({
      index = index, n = n, status = submission.status or nil, sends = fields[5] or '0', settlements = fields[6] or '0', firstSentAt = fields[7] or nil,
    })
  end
  local expected = winner and 'succeeded' or (newest and not isLive[newest] and newest) or 'open'
  if isWhole and image[1] ~= expected then
    setImage(key, id, tenant, index, expected)
    if winner then redis.call('HSETNX', key, 'winner:' .. index, winner) end
    mend('miscounted', index)
  elseif countImage(id, tenant, index, image[1]) then
    uncounted = uncounted + 1
  end
  if expected == 'open' then hasOpenImage = true end
end

if isWhole then
  if live ~= tonumber(head[3]) then
    redis.call('HSET', key, 'live', live)
    mend('miscounted')
  end
  local isRunning = isUnderWay(status)
  local isOver = not isRunning and live == 0 and not holds
  if not isRunning then listCodes(key, id, hash(key)) end
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
    for _, each in ipairs(places) do
      redis.call('PERSIST', submissionKey(id, each[1], each[2]))
      redis.call('PERSIST', submissionKey(id, each[1], each[2]) .. ':timeline')
    end
    mend('not-indexed')
  end
  local idempotencyKey = prefix .. ':idempotency:' .. tenantPart(tenant) .. ':' .. digest
  if digest ~= '' and not isOver and redis.call('EXISTS', idempotencyKey) == 0 then
    redis.call('HSET', idempotencyKey, 'generationId', id, 'requestDigest', head[7])
    mend('idempotency-key-missing')
  end
end
return named({
  kind = 'found', now = now, status = redis.call('HGET', key, 'status'), deadlineAt = head[4] or nil, submissions = submissions, mended = mended,
  uncounted = uncounted, requestMissing = isRequestMissing(key, generation),
})
`);

const mendedKinds = [
  'hold-missing',
  'hold-left',
  'miscounted',
  'not-folded',
  'not-retired',
  'not-indexed',
  'idempotency-key-missing',
] as const satisfies readonly Mended['kind'][];

const replySchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['no-turn', 'no-record']) }),
    z.object({
      kind: z.literal('found'),
      now: number,
      status: z.string(),
      uncounted: number,
      deadlineAt: whole.optional(),
      requestMissing: flag,
      submissions: z.array(
        namedReply(
          z.object({
            index: number,
            n: number,
            status: z.enum(submissionStatuses).optional(),
            sends: number,
            settlements: number,
            firstSentAt: whole.optional(),
          }),
        ),
      ),
      mended: z.array(namedReply(z.object({ kind: z.enum(mendedKinds), index: number.optional(), n: number.optional() }))),
    }),
  ]),
);

/** Result of a look at one generation. */
export type MendReply = { kind: 'no-turn' | 'no-record' } | { kind: 'found'; picture: GenerationPicture; mended: Mended[] };

/** Repairs the entry of a generation and returns it. @param holder The pass; only the one with the turn changes anything. */
export async function mend(redis: Redis, prefix: string, generationId: string, holder: string): Promise<MendReply> {
  const reply = replySchema.parse(await mendScript.run(redis, generationKey(prefix, generationId), prefix, { id: generationId, holder }));
  if (reply.kind !== 'found') return reply;
  const { kind, now, status, deadlineAt, submissions, mended, uncounted, requestMissing: isRequestMissing } = reply;
  return {
    kind,
    picture: defined({
      now,
      isOpen: status === 'queued' || status === 'running',
      deadlineAt,
      uncounted,
      isRequestMissing,
      submissions: submissions.map(({ index, n, ...rest }) => defined({ ref: { generationId, index, n }, ...rest })),
    }),
    mended: mended.map(defined),
  };
}
