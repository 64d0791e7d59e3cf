import { defined, type SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseEntry } from '../corrupt-entry.ts';
import { generationFieldsSchema, submissionFieldsSchema } from '../entry-fields.ts';
import { generationKey, nameRef, submissionKey } from '../keys.ts';
import { fold } from '../lua/fold.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { hashReply, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { sends } from '../lua/sends.ts';
import type { SubmissionView } from './steps.ts';

/** Reads the state for a settlement in one trip, and expires the generation if its deadline has passed. */
const beginSettlementScript = createNamedScript(['id', 'index', 'n'])(/* lua */ `${prelude}${sends}
local key = KEYS[1]
local now = nowMs()
-- Few settlements need its functions, so they are made in its call. Before the locals below, of which one has the name of a function
local function expire()
${money}${fold}
closeGeneration(key, id, 'expired', now)
end
local generation, known, flatGeneration = hash(key)
if not known then return named({ kind = 'no-record' }) end
local submissionKey, nextKey = submissionKey(id, index, n), submissionKey(id, index, n + 1)
local submission, planned, flatSubmission = hash(submissionKey)
if not planned then return named({ kind = 'no-record' }) end
soundGeneration(key, generation)
soundSubmission(submissionKey, submission)
if generation.deadlineAt ~= '' and now >= tonumber(generation.deadlineAt) and not recovering() then
  -- an unreadable image keeps the generation open, and keeps none of the other images from coming home
  local isClosed, why = pcall(expire)
  if not isClosed and not string.find(tostring(why), 'CORRUPT', 1, true) then error(why, 0) end
  flatGeneration, flatSubmission = redis.call('HGETALL', key), redis.call('HGETALL', submissionKey)
end
-- writes a field, and into the reply
local function note(field, value)
  redis.call('HSET', submissionKey, field, value)
  for at = 1, #flatSubmission, 2 do
    if flatSubmission[at] == field then
      flatSubmission[at + 1] = value
      return
    end
  end
  flatSubmission[#flatSubmission + 1] = field
  flatSubmission[#flatSubmission + 1] = value
end
-- times in the future were written before the clock of Redis went back: a wait counted from them would be too long
for _, field in ipairs({ 'succeededSeenAt', 'deliveredAt', 'toldAt' }) do
  if tonumber(submission[field] or '') and tonumber(submission[field]) > now then note(field, int(now)) end
end
if submission.firstSentAt and submission.firstSentAt ~= '' and tonumber(submission.firstSentAt) > now then
  note('firstSentAt', int(firstSendBefore(now, submission.firstSentAt)))
end
note('settlements', int((tonumber(submission.settlements or '') or 0) + 1))
return named({
  kind = 'found', now = now, generation = flatGeneration, submission = flatSubmission,
  nextPlanned = redis.call('HGET', nextKey, 'status') == 'planned' and n + 1 or nil, conflict = conflictOf(submission),
})
`);

const replySchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('no-record') }),
    z.object({
      kind: z.literal('found'),
      now: number,
      generation: hashReply,
      submission: hashReply,
      nextPlanned: number.optional(),
      conflict: z.enum(['proved', 'provable', 'unprovable']).optional(),
    }),
  ]),
);

/** Returns the time left; 0 for a time in the future, which was written before the clock of Redis went back: the question is then due. */
const leftMs = ({ at, againInMs }: { at: number; againInMs: number }, now: number): number =>
  at > now ? 0 : Math.max(0, at + againInMs - now);

/** Reads a submission at the start of a settlement; undefined if Redis has no entry of it. */
export async function beginSettlement(redis: Redis, prefix: string, ref: SubmissionRef): Promise<SubmissionView | undefined> {
  const reply = replySchema.parse(await beginSettlementScript.run(redis, generationKey(prefix, ref.generationId), prefix, nameRef(ref)));
  if (reply.kind === 'no-record') return undefined;
  const { now, nextPlanned, conflict } = reply;
  const generation = parseEntry(generationKey(prefix, ref.generationId), generationFieldsSchema, reply.generation);
  const submission = parseEntry(submissionKey(prefix, ref), submissionFieldsSchema, reply.submission);
  const { asked, deliveredAt, firstSentAt, succeededSeenAt, missingAt, quarantineKey, facts, told, toldAt = now, image } = submission;
  return defined({
    now,
    status: submission.status,
    provider: generation.outline.provider,
    model: generation.outline.model,
    expected: generation.outline.expected,
    runAt: generation.runAt,
    generationClosed: generation.status !== 'queued' && generation.status !== 'running',
    round: submission.round,
    sends: submission.sends,
    deliverySeq: submission.deliverySeq,
    deliveredAt,
    asked: asked === undefined ? undefined : { seq: asked.seq, leftMs: leftMs(asked, now) },
    settlements: submission.settlements,
    polls: submission.polls,
    looks: submission.looks,
    told: told === undefined ? undefined : { what: told === 'unclear' ? told : defined(told), at: toldAt },
    image,
    strikes: submission.strikes,
    firstSentAt,
    succeededSeenAt,
    facts: facts === undefined ? undefined : defined(facts),
    hasConflicted: submission.conflictAt !== undefined,
    conflict,
    missingAt,
    quarantineKey,
    reservation: { amountNanoUsd: submission.reserved, periods: submission.periods },
    nextPlanned,
    traceparent: generation.traceparent,
  });
}
