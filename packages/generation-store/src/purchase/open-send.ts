import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { prelude } from '../lua/prelude.ts';
import { createSubmissionScript } from '../lua/named-script.ts';

/** Tells if this send is the newest one of its submission, as far as Redis knows, and Redis has forgotten none since. Replies 1 or 0. */
const isNewestSendScript = createSubmissionScript(['send'])(/* lua */ `${prelude}
local known = redis.call('HMGET', key, 'send', 'sentIn')
local memory = memoryId()
return known[1] == send and memory ~= '' and known[2] == memory and 1 or 0
`);

/**
 * Notes a forgotten send: Redis took a send for the first one, and S3 holds an intent of an earlier one, so Redis has lost its memory. The
 * submission continues as a repeated send; the outcome of the forgotten one is unknown.
 */
const adoptIntentScript = createSubmissionScript(['firstSentAt'])(/* lua */ `${prelude}
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'send:0', 'unknown', 'firstSentAt', firstSentAt, 'fresh', 0, 'memory', '', 'remembered', 0)
-- it counts: a submission with two sends does not believe the audit trail, which may tell of the second send alone
redis.call('HINCRBY', key, 'sends', 1)
return 1
`);

/** Continues a submission as a repeated send after one that Redis forgot and S3 remembers. */
export async function adoptIntent(redis: Redis, prefix: string, ref: SubmissionRef, firstSentAt: number): Promise<void> {
  await adoptIntentScript.run(redis, prefix, ref, { firstSentAt });
}

/** Returns true if this send is the newest one of its submission, and Redis has forgotten nothing since. */
export async function isNewestSend(redis: Redis, prefix: string, ref: SubmissionRef, send: number): Promise<boolean> {
  return (await isNewestSendScript.run(redis, prefix, ref, { send })) === 1;
}
