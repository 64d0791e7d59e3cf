import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, refArguments } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * Stores the answer of both questions about a submission that may have been accepted. "known": the provider has its task, and no worker
 * sends it again. "not-known" after a conflict: replies for how long, in ms, the answer was that.
 */
const recordLookScript = createLuaScript(/* lua */ `${prelude}
local id, index, n, answer = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = submissionKey(id, index, n)
local submission, known = hash(key)
if not known or submission.status ~= 'committed' then return '0' end
local now = nowMs()
if answer == 'known' then
  redis.call('HSET', key, 'status', 'accepted', 'acceptedAt', int(now))
  announce('submission.accepted', id, index, n, now)
  return '0'
end
if not submission.conflictAt then return '0' end
-- a time in the future was written before the clock of Redis went back
if (tonumber(submission.notKnownAt or '') or now + 1) > now then redis.call('HSET', key, 'notKnownAt', int(now)) end
return int(now - tonumber(redis.call('HGET', key, 'notKnownAt')))
`);

const number = z.coerce.number();

/**
 * Stores the answer of both questions.
 * @returns for how long the provider did not know the task after a conflict, in milliseconds.
 */
export async function recordLook(redis: Redis, prefix: string, ref: SubmissionRef, answer: 'known' | 'not-known'): Promise<number> {
  const key = generationKey(prefix, ref.generationId);
  return number.parse(await recordLookScript.run(redis, key, [...refArguments(prefix, ref), answer]));
}
