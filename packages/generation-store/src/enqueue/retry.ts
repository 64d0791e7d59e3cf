import {
  defined,
  GenerationError,
  openImageBoundNames,
  QueueUnavailableError,
  RequestConflictError,
  retryRefusals,
  RetryRefusedError,
  type GenerationView,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey } from '../keys.ts';
import { events } from '../lua/events.ts';
import { fairLine } from '../lua/fair-line.ts';
import { lists } from '../lua/lists.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { minutes } from '../lua/minutes.ts';
import { money } from '../lua/money.ts';
import { openImageBounds, openImages } from '../lua/open-images.ts';
import { nameArguments, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { retries } from '../lua/retries.ts';
import { workerLife } from '../lua/worker-life.ts';
import { imageRuleNames } from '../settings/image-rules.ts';
import { admitGeneration } from './admit-generation.ts';
import { outlineOf, receiptOf, type NewGeneration } from './enqueue.ts';
import { findGeneration } from './find-generation.ts';
import { REQUEST_GONE } from './kept-request.ts';
import { AFTER_NEW_GENERATION, generationArguments, newGeneration } from './new-generation.ts';
import type { Retention } from './retention.ts';
import { checkMemory, lookSurely, unreadError } from './unread.ts';

const own = nameArguments(['of', 'indexes', 'isAll', 'boundTo'], AFTER_NEW_GENERATION);

/**
 * Decides about each image, and makes the new generation (I2). `of` is the generation that the call names: the original (`retryOf`) or a
 * retry of it. `indexes` are the images there, in the order of `replaces`; `isAll` says that they are those that have not succeeded.
 *
 * An image may be bought again if no attempt at it has or may have brought it home: each ended with a proved failure, or was never sent. With
 * a reason, lost and unknown ones count as failed. If each image may, the retry is made. If not, and the newest retry of one that may not
 * replaces the very same images, that retry is the answer: the call is a repetition.
 *
 * Replies as an enqueue does; or not-found; changed (another image has succeeded meanwhile); refused, with a group for each refused image.
 */
const retryScript =
  createLuaScript(/* lua */ `${prelude}${workerLife}${lists}${openImages}${openImageBounds}${events}${money}${minutes}${fairLine}${newGeneration}${admitGeneration}${retries}
${own.lua}
local key = KEYS[1]
if not isOpen() then return named({ kind = 'not-initialised' }) end
-- an earlier retry may be forgotten, or not read yet
if recovering() then return countAnswer(named({ kind = 'recovering' })) end
if isReading() then return countAnswer(named({ kind = 'reading' })) end
local oldKey = prefix .. ':generation:' .. of
local old, isKnown = hash(oldKey)
if not isKnown or boundTo ~= '' and old.tenant ~= boundTo then
  return named({ kind = not isKnown and whyUnknown(of) or 'not-found', unreadable = of })
end
soundGeneration(oldKey, old)
-- an erasure that is asked for names the retries of then
for _, each in ipairs({ of, retryOf }) do
  local askedAt = redis.call('HMGET', prefix .. ':erasure:' .. each, 'requestedAt')[1]
  if askedAt then return named({ kind = 'erased', id = each, at = askedAt }) end
end
if old.requestDigest == '${REQUEST_GONE}' then return countAnswer(named({ kind = 'request-gone', id = of })) end
local present = redis.call('HMGET', key, 'tenant', 'retryOf', 'replaces')
if present[1] then
  if present[1] ~= tenant then return countAnswer(named({ kind = 'not-free', id = id })) end
  local isSame = present[2] == retryOf and present[3] == replaces
  return countAnswer(named({ kind = isSame and 'exists' or 'conflict', id = id }))
end
if whyUnknown(id) then return named({ kind = 'damaged', unreadable = id }) end
if isAll == '1' then
  local missing = {}
  for index = 0, tonumber(old.images) - 1 do if old['image:' .. index] ~= 'succeeded' then missing[#missing + 1] = int(index) end end
  if #missing > 0 and table.concat(missing, ' ') ~= indexes then return named({ kind = 'changed' }) end
end

local now = nowMs()
local refusals = { open = 'retry.in-progress', home = 'retry.already-succeeded', lost = 'retry.lost-image', unknown = 'retry.unknown-outcome' }
local refused, refusedCodes, unread, answer = {}, {}, nil, nil
local places = {}
for at in string.gmatch(replaces, '%d+') do places[#places + 1] = at end
local ofPlaces = {}
for at in string.gmatch(indexes, '%d+') do ofPlaces[#ofPlaces + 1] = at end

for place, at in ipairs(places) do
  local attempts = attemptsAt(retryOf, at)
  local newest = attempts[#attempts]
  local why, whose, newestState, knowsOf
  for _, attempt in ipairs(attempts) do
    local state = attemptState(attempt, now)
    -- its end has left Redis with it
    if state == 'gone' then state = 'unknown' end
    if state == 'unread' then unread = unread or attempt.id end
    if attempt.id == of then knowsOf = true end
    newestState = state
    local counts = refusals[state] and (payAgainReason == '' or state == 'open' or state == 'home')
    if counts and (not why or worseState[state] > worseState[why]) then why, whose = state, attempt.id end
  end
  -- the notes about the attempts have left Redis: there may be others
  if not knowsOf then return named({ kind = 'not-found', unreadable = retryOf }) end
  local home = redis.call('HGET', familyKey(retryOf), 'home:' .. at)
  if home and why ~= 'open' then why, whose = 'home', home end
  local isOther = newest.id ~= of
  if why then
    if isOther and redis.call('HGET', prefix .. ':generation:' .. newest.id, 'replaces') == replaces then answer = newest.id end
    local isTaken = isOther and (newestState == 'open' or newestState == 'home')
    refusedCodes[#refusedCodes + 1] = isTaken and 'retry.already-retried' or refusals[why]
    refused[#refused + 1] = named({ index = ofPlaces[place], code = refusedCodes[#refusedCodes], id = isTaken and newest.id or whose })
  end
end
if unread then return named({ kind = 'damaged', unreadable = unread }) end
if answer then return named({ kind = 'replayed', id = answer }) end
if #refused > 0 then
  for _, code in ipairs(refusedCodes) do countRefusal(code) end
  return named({ kind = 'refused', images = refused })
end

local outOfTime = timeTrouble(now)
if outOfTime then return named({ kind = outOfTime, now = now }) end
-- the receiver that the old request names gets the notifications of this one
webhook = redis.call('HGET', oldKey .. ':request', 'webhook') or ''
if webhook ~= '' and labels == '' then labels = '-' end
local admitted = admit(key, now)
if admitted.kind == 'created' then noteRetry(id, retryOf, places, now) end
return countAnswer(named(admitted))
`);

/** A retry that was prepared: the new generation, and the images that the call named. */
export interface NewRetry extends NewGeneration {
  retryOf: string;
  replaces: readonly number[];
  /** The generation that the call names, the original or a retry of it. */
  of: string;
  /** Its images, in the order of `replaces`. */
  indexes: readonly number[];
  /** True if these are to be all images that have not succeeded. */
  isAll: boolean;
  /** The tenant to which the caller is bound. */
  boundTo?: string;
}

/** "exists": the new generation was made before. "replayed": an earlier retry replaces these images. "changed": read the generation again. */
export type RetryReceipt =
  | { kind: 'created' | 'exists' | 'replayed'; generationId: string; line?: number[]; noWorkerSince?: number }
  | { kind: 'changed' };

const refusedSchema = namedReply(
  z.object({
    index: number,
    code: z.enum(retryRefusals),
    id: z.string(),
  }),
);

const replySchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.enum(['created', 'exists', 'replayed', 'conflict', 'request-gone', 'not-free']),
      id: z.string(),
      line: z.array(number).optional(),
      noWorkerSince: number.optional(),
    }),
    z.object({ kind: z.literal('erased'), id: z.string(), at: number }),
    z.object({ kind: z.literal('not-initialised') }),
    z.object({ kind: z.literal('changed') }),
    z.object({ kind: z.literal('safety-required'), rule: z.enum(imageRuleNames) }),
    z.object({ kind: z.enum(['recovering', 'reading', 'damaged', 'not-found']), unreadable: z.string().optional() }),
    z.object({ kind: z.literal('refused'), images: z.array(refusedSchema) }),
    z.object({ kind: z.enum(['id-too-old', 'id-ahead', 'deadline-over', 'run-at-out-of-bounds']), now: number }),
    z.object({ kind: z.literal('full'), bound: z.enum(openImageBoundNames), limit: number, open: number }),
    z.object({ kind: z.literal('cap'), period: z.string(), used: number, cap: number, resetsAt: number, now: number }),
  ]),
);
/** An answer of the script. */
export type RetryReply = z.infer<typeof replySchema>;

/**
 * Finds the generation that is to be retried.
 * @throws GenerationError without one; StoreNotInitialisedError and QueueUnavailableError if Redis may have forgotten it.
 */
export async function findRetried(redis: Redis, prefix: string, generationId: string, tenant?: string): Promise<GenerationView> {
  const view = await lookSurely(
    () => findGeneration(redis, prefix, generationId, undefined, tenant),
    () => checkMemory(redis, prefix, generationId, true),
  );
  if (view === undefined) throw notFound(generationId);
  return view;
}

/** Makes a retry, or finds the one that replaces the same images. @throws as `retryReceiptOf`. */
export async function retryGeneration(redis: Redis, prefix: string, retention: Retention, retry: NewRetry): Promise<RetryReceipt> {
  const { of, indexes, isAll, boundTo } = retry;
  const reply = await retryScript.run(redis, generationKey(prefix, retry.generationId), [
    ...generationArguments(prefix, retention, { ...retry, outline: outlineOf(retry) }),
    ...own.list({ of, indexes: indexes.join(' '), isAll: isAll ? 1 : 0, boundTo }),
  ]);
  return retryReceiptOf(replySchema.parse(reply), retry);
}

/**
 * Returns the receipt that an answer means. The testing producer answers in the same words.
 * @throws RetryRefusedError with all refused images; GenerationError; QueueUnavailableError while Redis may have forgotten a retry; the
 * errors of an enqueue.
 */
export function retryReceiptOf(reply: RetryReply, retry: NewRetry): RetryReceipt {
  switch (reply.kind) {
    case 'changed':
      return { kind: 'changed' };
    case 'refused':
      throw new RetryRefusedError(
        retry.of,
        reply.images.map(({ index, code, id }) => ({ index, code, generationId: id })),
      );
    case 'not-found':
      throw notFound(reply.unreadable ?? retry.of);
    case 'erased':
      throw new GenerationError(
        'generation.erased',
        `could not retry generation "${retry.of}": the erasure of "${reply.id}" was asked for at ${new Date(reply.at).toISOString()}; nothing was queued or bought`,
        { details: { generationId: reply.id, erasedAt: reply.at } },
      );
    case 'request-gone':
      throw new RequestConflictError(
        `could not retry generation "${reply.id}": its request is erased or lost; nothing was queued or bought`,
      );
    case 'recovering':
    case 'reading':
      throw unavailable(retry.of, reply.kind);
    case 'damaged':
      throw unreadError(reply.unreadable ?? retry.of, 'damaged');
    default: {
      const { kind, generationId, line, noWorkerSince } = receiptOf(reply, retry);
      return defined({ kind, generationId, line, noWorkerSince });
    }
  }
}

const notFound = (generationId: string): GenerationError =>
  new GenerationError('generation.not-found', `no generation has the id "${generationId}"; nothing was queued or bought`);

const unavailable = (generationId: string, reason: 'recovering' | 'reading'): QueueUnavailableError =>
  new QueueUnavailableError(
    reason === 'recovering'
      ? `could not retry generation "${generationId}": redis restarted, and S3 is being asked what redis has forgotten, which may be an earlier retry; nothing was queued, call again in some seconds`
      : `could not retry generation "${generationId}": redis lost its memory, and the rebuild that opened it again goes on to read what S3 remembers, which may be an earlier retry; nothing was queued, call again when the rebuild has ended`,
    { reached: 'no', generationId, details: { reason } },
  );
