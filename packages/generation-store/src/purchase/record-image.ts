import type { SubmissionRef, TaskFacts, VerifiedImage } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { createSubmissionScript } from '../lua/named-script.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';
import type { MissingImage } from './steps.ts';

/** Stores the provider's facts about a finished task: it may have forgotten them when the upload comes. */
const recordFactsScript = createSubmissionScript(['facts'])(/* lua */ `${prelude}${tasksAtProvider}
if redis.call('EXISTS', key) == 0 then return 0 end
local now = nowMs()
if redis.call('HSETNX', key, 'succeededSeenAt', int(now)) == 1 then noteStep(id, index, n, now, 'made') end
redis.call('HSET', key, 'facts', facts)
-- the task is over, whatever becomes of its image
leavePlace(id, index, n)
return 1
`);

/** Stores that the image was verified and lies under its final key, so that a later run need not ask S3. */
const recordKeptImageScript = createSubmissionScript(['image', 'isLook'])(/* lua */ `${prelude}
if redis.call('EXISTS', key) == 0 then return 0 end
if redis.call('HEXISTS', key, 'image') == 0 then noteStep(id, index, n, nowMs(), 'verified') end
redis.call('HSET', key, 'image', image)
if isLook == '1' then redis.call('HINCRBY', key, 'looks', 1) end
return 1
`);

/**
 * Notes that a finished image could not be fetched, and adds up for how long it has been asked for. A pause between two such answers counts
 * for at most `maxGapMs`: without questions nothing is learned. Replies that time in ms.
 */
const recordMissingImageScript = createSubmissionScript(['maxGapMs', 'quarantineKey'])(/* lua */ `${prelude}
if redis.call('EXISTS', key) == 0 then return '0' end
local now, last = nowMs(), tonumber(redis.call('HGET', key, 'missingAt') or '')
redis.call('HSET', key, 'missingAt', int(now))
if quarantineKey ~= '' then redis.call('HSETNX', key, 'quarantineKey', quarantineKey) end
if not last then
  noteStep(id, index, n, now, 'missing')
  return '0'
end
return int(redis.call('HINCRBY', key, 'missedMs', int(math.min(tonumber(maxGapMs), math.max(0, now - last)))))
`);

/** Stores the provider's facts about a finished task. */
export async function recordFacts(redis: Redis, prefix: string, ref: SubmissionRef, facts: TaskFacts): Promise<void> {
  await recordFactsScript.run(redis, prefix, ref, { facts: JSON.stringify(facts) });
}

/** Stores that the image lies under its final key. */
export async function recordKeptImage(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  image: VerifiedImage,
  isLook: boolean,
): Promise<void> {
  await recordKeptImageScript.run(redis, prefix, ref, { image: JSON.stringify(image), isLook: isLook ? 1 : 0 });
}

/**
 * Notes that a finished image could not be fetched.
 * @returns for how long it has been asked for, in milliseconds.
 */
export async function recordMissingImage(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  { maxGapMs, quarantineKey }: MissingImage,
): Promise<number> {
  return number.parse(await recordMissingImageScript.run(redis, prefix, ref, { maxGapMs, quarantineKey }));
}
