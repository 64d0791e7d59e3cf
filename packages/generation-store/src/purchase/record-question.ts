import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { prelude } from '../lua/prelude.ts';
import { createSubmissionScript } from '../lua/named-script.ts';
import type { PutQuestion } from './steps.ts';

/**
 * Notes a question, the newest delivery that its run knew, and when the next question is due. A worker of an earlier version neither writes
 * nor reads this, and asks at each wake.
 */
const recordQuestionScript = createSubmissionScript(['seq', 'againInMs'])(/* lua */ `${prelude}
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'asked', seq .. ' ' .. int(nowMs()) .. ' ' .. againInMs)
return 1
`);

/** Notes a question, so that only a newer delivery causes another one ahead of schedule. */
export async function recordQuestion(redis: Redis, prefix: string, ref: SubmissionRef, { seq, againInMs }: PutQuestion): Promise<void> {
  await recordQuestionScript.run(redis, prefix, ref, { seq, againInMs: Math.round(againInMs) });
}
