import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { REQUEST_GONE } from '../enqueue/kept-request.ts';
import { prelude } from '../lua/prelude.ts';
import { createSubmissionScript } from '../lua/named-script.ts';

/**
 * Tells if this send is the newest one of its submission, as far as Redis knows, and Redis has forgotten none since. Replies 1 or 0.
 *
 * Notes the digest of a request that S3 has just confirmed, so that later sends need not ask again: in this memory of Redis alone, because
 * another one may have forgotten that the request was erased.
 */
const isNewestSendScript = createSubmissionScript(['send', 'confirmedDigest'])(/* lua */ `${prelude}
local known = redis.call('HMGET', key, 'send', 'sentIn')
local memory = memoryId()
if known[1] ~= send or memory == '' or known[2] ~= memory then return 0 end
-- erased meanwhile: nothing of it is sent any more
if redis.call('HGET', KEYS[1], 'requestDigest') == '${REQUEST_GONE}' then return 0 end
if confirmedDigest ~= '' and redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'confirmedIn', memory, 'confirmedDigest', confirmedDigest)
end
return 1
`);

/**
 * Notes a forgotten send: Redis took a send for the first one, and S3 holds an intent of an earlier one, so Redis has lost its memory. The
 * submission continues as a repeated send; the outcome of the forgotten one is unknown.
 */
const adoptIntentScript = createSubmissionScript(['firstSentAt'])(/* lua */ `${prelude}
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'send:0', 'unknown', 'firstSentAt', firstSentAt, 'fresh', 0, 'memory', '', 'remembered', 0)
noteStep(id, index, n, nowMs(), 'restored')
-- it counts: a submission with two sends does not believe the audit trail, which may tell of the second send alone
redis.call('HINCRBY', key, 'sends', 1)
return 1
`);

/** Continues a submission as a repeated send after one that Redis forgot and S3 remembers. */
export async function adoptIntent(redis: Redis, prefix: string, ref: SubmissionRef, firstSentAt: number): Promise<void> {
  await adoptIntentScript.run(redis, prefix, ref, { firstSentAt });
}

/**
 * Returns true if this send is the newest one of its submission, and Redis has forgotten nothing since.
 * @param confirmedDigest The digest of the request that S3 has just confirmed.
 */
export async function isNewestSend(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  send: number,
  confirmedDigest?: string,
): Promise<boolean> {
  return (await isNewestSendScript.run(redis, prefix, ref, { send, confirmedDigest })) === 1;
}
