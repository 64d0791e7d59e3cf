import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { minutes } from '../lua/minutes.ts';
import { number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { createSubmissionScript } from '../lua/named-script.ts';

/**
 * Stores the answer of both questions about a submission that may have been accepted. "known": the provider has its task, and no worker
 * sends it again. "not-known" after a conflict: replies for how long, in ms, the answer was that.
 */
const recordLookScript = createSubmissionScript(['answer'])(/* lua */ `${prelude}${minutes}
local submission, known = hash(key)
if not known or submission.status ~= 'committed' then return '0' end
local now = nowMs()
if answer == 'known' then
  redis.call('HSET', key, 'status', 'accepted', 'acceptedAt', int(now))
  noteStep(id, index, n, now, 'accepted')
  announce('submission.accepted', id, index, n, now)
  countMinute(now, 'accepted')
  return '0'
end
if not submission.conflictAt then return '0' end
-- a time in the future was written before the clock of Redis went back
if (tonumber(submission.notKnownAt or '') or now + 1) > now then redis.call('HSET', key, 'notKnownAt', int(now)) end
return int(now - tonumber(redis.call('HGET', key, 'notKnownAt')))
`);

/**
 * Stores the answer of both questions.
 * @returns for how long the provider did not know the task after a conflict, in milliseconds.
 */
export async function recordLook(redis: Redis, prefix: string, ref: SubmissionRef, answer: 'known' | 'not-known'): Promise<number> {
  return number.parse(await recordLookScript.run(redis, prefix, ref, { answer }));
}
