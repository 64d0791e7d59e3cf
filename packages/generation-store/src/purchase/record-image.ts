import type { SubmissionRef, TaskFacts, VerifiedImage } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, refArguments } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';
import { tasksAtProvider } from '../lua/tasks-at-provider.ts';
import type { MissingImage } from './steps.ts';

/** Stores the provider's facts about a finished task: it may have forgotten them when the upload comes. */
const recordFactsScript = createLuaScript(/* lua */ `${prelude}${tasksAtProvider}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSETNX', key, 'succeededSeenAt', int(nowMs()))
redis.call('HSET', key, 'facts', ARGV[5])
-- the task is over, whatever becomes of its image
leavePlace(ARGV[2], ARGV[3], ARGV[4])
return 1
`);

/** Stores that the image was verified and lies under its final key, so that a later run need not ask S3. */
const recordKeptImageScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'image', ARGV[5])
if ARGV[6] == '1' then redis.call('HINCRBY', key, 'looks', 1) end
return 1
`);

/**
 * Notes that a finished image could not be fetched, and adds up for how long it has been asked for. A pause between two such answers counts
 * for at most ARGV[5] ms: without questions nothing is learned. ARGV[6], unless '', is the key of bytes that came in place of the image.
 * Replies that time in ms.
 */
const recordMissingImageScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return '0' end
local now, last = nowMs(), tonumber(redis.call('HGET', key, 'missingAt') or '')
redis.call('HSET', key, 'missingAt', int(now))
if ARGV[6] ~= '' then redis.call('HSETNX', key, 'quarantineKey', ARGV[6]) end
if not last then return '0' end
return int(redis.call('HINCRBY', key, 'missedMs', int(math.min(tonumber(ARGV[5]), math.max(0, now - last)))))
`);

/** Stores the provider's facts about a finished task. */
export async function recordFacts(redis: Redis, prefix: string, ref: SubmissionRef, facts: TaskFacts): Promise<void> {
  await recordFactsScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), JSON.stringify(facts)]);
}

/** Stores that the image lies under its final key. */
export async function recordKeptImage(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  image: VerifiedImage,
  isLook: boolean,
): Promise<void> {
  const key = generationKey(prefix, ref.generationId);
  await recordKeptImageScript.run(redis, key, [...refArguments(prefix, ref), JSON.stringify(image), isLook ? 1 : 0]);
}

const number = z.coerce.number();

/**
 * Notes that a finished image could not be fetched.
 * @returns for how long it has been asked for, in milliseconds.
 */
export async function recordMissingImage(
  redis: Redis,
  prefix: string,
  ref: SubmissionRef,
  { maxGapMs, quarantineKey = '' }: MissingImage,
): Promise<number> {
  const key = generationKey(prefix, ref.generationId);
  return number.parse(await recordMissingImageScript.run(redis, key, [...refArguments(prefix, ref), maxGapMs, quarantineKey]));
}
