import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { generationKey, refArguments } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';
import type { PutQuestion } from './steps.ts';

/**
 * Notes that a run that knew ARGV[5] deliveries has put a question, and that the next one is due in ARGV[6] ms. A worker of an earlier
 * version neither writes nor reads this, and asks at each wake.
 */
const recordQuestionScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'asked', ARGV[5] .. ' ' .. int(nowMs()) .. ' ' .. ARGV[6])
return 1
`);

/** Notes a question, so that only a newer delivery causes another one ahead of schedule. */
export async function recordQuestion(redis: Redis, prefix: string, ref: SubmissionRef, { seq, againInMs }: PutQuestion): Promise<void> {
  const key = generationKey(prefix, ref.generationId);
  await recordQuestionScript.run(redis, key, [...refArguments(prefix, ref), seq, Math.round(againInMs)]);
}
