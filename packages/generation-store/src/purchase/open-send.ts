import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { generationKey, refArguments } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * Tells if this send is the newest one of its submission, as far as Redis knows, and Redis has forgotten none since. Replies 1 or 0.
 */
const isNewestSendScript = createLuaScript(/* lua */ `${prelude}
local known = redis.call('HMGET', submissionKey(ARGV[2], ARGV[3], ARGV[4]), 'send', 'sentIn')
local memory = memoryId()
return known[1] == ARGV[5] and memory ~= '' and known[2] == memory and 1 or 0
`);

/**
 * Notes a forgotten send: Redis took a send for the first one, and S3 holds an intent of an earlier one, so Redis has lost its memory. The
 * submission continues as a repeated send; the outcome of the forgotten one is unknown.
 */
const adoptIntentScript = createLuaScript(/* lua */ `${prelude}
local key, firstSentAt = submissionKey(ARGV[2], ARGV[3], ARGV[4]), ARGV[5]
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'send:0', 'unknown', 'firstSentAt', firstSentAt, 'fresh', 0, 'memory', '', 'remembered', 0)
-- it counts: a submission with two sends does not believe the audit trail, which may tell of the second send alone
redis.call('HINCRBY', key, 'sends', 1)
return 1
`);

/** Continues a submission as a repeated send after one that Redis forgot and S3 remembers. */
export async function adoptIntent(redis: Redis, prefix: string, ref: SubmissionRef, firstSentAt: number): Promise<void> {
  await adoptIntentScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), firstSentAt]);
}

/** Returns true if this send is the newest one of its submission, and Redis has forgotten nothing since. */
export async function isNewestSend(redis: Redis, prefix: string, ref: SubmissionRef, send: number): Promise<boolean> {
  return (await isNewestSendScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), send])) === 1;
}
