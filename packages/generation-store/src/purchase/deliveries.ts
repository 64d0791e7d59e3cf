import { createHash } from 'node:crypto';
import { defined, type SubmissionRef, type SubmissionStatus, submissionStatuses, type Told } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { submissionKey } from '../keys.ts';
import { flag, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { createSubmissionScript } from '../lua/named-script.ts';

/** Distinct bodies kept for one submission: enough for every documented shape of news, small enough for a flood. */
export const MAX_DELIVERIES = 20;
/** Deliveries kept that have a valid capability and name no known submission. */
const MAX_UNCLAIMED = 1000;

/**
 * Keeps a delivery under the next number, or knows it already (I6). It never creates an entry (I9): a delivery without a submission is kept
 * apart. `told`, its facts about the task ('' for none), is kept too; once two deliveries tell different facts, the entry keeps only that
 * they differ.
 */
const recordDeliveryScript = createSubmissionScript(['digest', 'body', 'told'])(/* lua */ `${prelude}
local deliveries = prefix .. ':deliveries:' .. id .. ':' .. index .. '-' .. n
local state = redis.pcall('HMGET', key, 'status', 'deliverySeq', 'told', 'asked')
if state.err then corrupt(key, 'type') end
local status, newest, knownFacts, asked = unpack(state, 1, 4)
if not status then
  local unclaimed = prefix .. ':deliveries-unclaimed'
  redis.call('LPUSH', unclaimed, id .. '/' .. index .. '-' .. n .. ' ' .. body)
  redis.call('LTRIM', unclaimed, 0, ${MAX_UNCLAIMED - 1})
  return named({ kind = 'unknown-submission', seq = 0, isAsked = false })
end
if not isWhole(newest) then corrupt(key, 'deliverySeq') end
if not knownStatus.submission[status] then corrupt(key, 'status') end
-- a run has asked after the newest one (recordQuestionScript)
local isAsked = (tonumber(string.match(asked or '', '^(%d+) ') or '') or -1) >= tonumber(newest)
local function known(kind) return named({ kind = kind, seq = newest, status = status, isAsked = isAsked }) end
if redis.call('HEXISTS', deliveries, digest) == 1 then return known('duplicate') end
local now = nowMs()
-- also of a delivery beyond the kept ones: it may be the true one after a flood of false ones
if told ~= '' then
  if not knownFacts then
    redis.call('HSET', key, 'told', told, 'toldAt', int(now))
  elseif knownFacts ~= told then
    redis.call('HSET', key, 'told', 'unclear')
  end
end
if redis.call('HLEN', deliveries) >= ${MAX_DELIVERIES} then return known('overflow') end
local seq = redis.call('HINCRBY', key, 'deliverySeq', 1)
redis.call('HSET', key, 'deliveredAt', int(now))
redis.call('HSET', deliveries, digest, '{"seq":' .. seq .. ',"at":' .. int(now) .. ',"body":' .. cjson.encode(body) .. '}')
-- in milliseconds: in its last half second a key has TTL 0, and the delivery would stay for ever
local ttl = redis.call('PTTL', key)
if ttl >= 0 then redis.call('PEXPIRE', deliveries, math.max(ttl, 1)) end
noteStep(id, index, n, now, 'delivered', seq)
-- what a caller sees does not change
publish('submission.delivered', id, index, n, now)
return named({ kind = 'recorded', seq = seq, status = status, isAsked = false })
`);

/** Characters that the store keeps of a body. Documented bodies have less than a thousand; a digest tells longer ones apart. */
const MAX_KEPT_CHARACTERS = 8192;

export interface DeliveryReceipt {
  kind: 'recorded' | 'duplicate' | 'overflow' | 'unknown-submission';
  /** Number of the newest distinct delivery. */
  seq: number;
  /** True if a question was put after that delivery. */
  isAsked: boolean;
  status?: SubmissionStatus;
}

const receiptSchema = namedReply(
  z.object({
    kind: z.enum(['recorded', 'duplicate', 'overflow', 'unknown-submission']),
    seq: number,
    isAsked: flag,
    status: z.enum(submissionStatuses).optional(),
  }),
);

/**
 * Keeps a delivery (I6).
 * @param body The raw body, as it came.
 * @param told Its facts about the task of its capability.
 */
export async function recordDelivery(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  { body, told = 'nothing' }: { body: string; told?: Told },
): Promise<DeliveryReceipt> {
  const digest = createHash('sha256').update(body).digest('base64url');
  const given = { digest, body: body.slice(0, MAX_KEPT_CHARACTERS), told: writeTold(told) };
  return defined(receiptSchema.parse(await recordDeliveryScript.run(redis, prefix, ref, given)));
}

/** Returns the facts as text; equal facts give equal text, so that the script can compare them. */
function writeTold(told: Told): string {
  if (told === 'nothing') return '';
  if (told === 'unclear') return told;
  const { seed, costNanoUsd, imageUUID, imageURL, nsfwContent } = told;
  return JSON.stringify({ seed, costNanoUsd, imageUUID, imageURL, nsfwContent });
}

/** Returns the number of the newest distinct delivery; 0 when there is none. */
export const newestDelivery = async (redis: Redis, prefix: string, ref: SubmissionRef): Promise<number> =>
  Number((await redis.hget(submissionKey(prefix, ref), 'deliverySeq')) ?? 0);
