import { defined, submissionStatuses, type SubmissionRef, type SubmissionResult } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseEntry, whole } from '../corrupt-entry.ts';
import { storedResult } from '../entry-fields.ts';
import { generationKey, submissionKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { flag, nameArguments, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { createSubmissionScript } from '../lua/named-script.ts';
import type { KnownGeneration } from './findings.ts';

const given = nameArguments(['id']);
const place = nameArguments(['index', 'n'], given.after);

/** Replies the state in Redis of the given submissions of one generation, a group for each. */
const knownScript = createLuaScript(/* lua */ `${prelude}
${given.lua}
local now, submissions = nowMs(), {}
-- a time in the future was written before the clock of Redis went back
local function notAhead(at) return tonumber(at) and int(math.min(now, tonumber(at))) end
-- a time by the clock of S3 is compared only with such times
local function byS3(at) return tonumber(at) and int(tonumber(at)) end
${place.each()}
  local fields = redis.call('HMGET', submissionKey(id, index, n), 'status', 'sends', 'round', 'settledAt', 'lookedAt')
  submissions[#submissions + 1] = named({
    status = fields[1] or nil, sends = fields[2] or '0', round = fields[3] or '0', settledAt = notAhead(fields[4]), lookedAt = byS3(fields[5]) or '0',
  })
end
return named({ now = now, isKnown = redis.call('EXISTS', KEYS[1]), submissions = submissions })
`);

/** Notes the listing of S3 for which a settlement was woken; never creates an entry (I9). */
const noteLookScript = createSubmissionScript(['lookedAt'])(/* lua */ `${prelude}
if redis.call('EXISTS', key) == 0 then return 0 end
return redis.call('HSET', key, 'lookedAt', lookedAt)
`);

const replySchema = namedReply(
  z.object({
    now: number,
    isKnown: flag,
    submissions: z.array(
      namedReply(
        z.object({
          status: z.enum(submissionStatuses).optional(),
          sends: number,
          round: number,
          settledAt: whole.optional(),
          lookedAt: number,
        }),
      ),
    ),
  }),
);

/** Reads the state in Redis of submissions of one generation. */
export async function readKnown(
  redis: Redis,
  prefix: string,
  generationId: string,
  refs: readonly SubmissionRef[],
): Promise<KnownGeneration> {
  const key = generationKey(prefix, generationId);
  const reply = await knownScript.run(redis, key, [prefix, generationId, ...refs.flatMap(place.list)]);
  const known = parseEntry(key, replySchema, reply);
  return { ...known, submissions: known.submissions.map(defined) };
}

/** Returns the end of a submission as Redis holds it. */
export async function findResult(redis: Redis, prefix: string, ref: SubmissionRef): Promise<SubmissionResult | undefined> {
  const key = submissionKey(prefix, ref);
  const result = await redis.hget(key, 'result');
  return result === null ? undefined : parseEntry(key, storedResult, result);
}

/**
 * Notes that the settlement of a submission was woken for a listing of S3.
 * @param lookedAt Milliseconds since 1970.
 */
export async function noteLook(redis: Redis, prefix: string, ref: SubmissionRef, lookedAt: number): Promise<void> {
  await noteLookScript.run(redis, prefix, ref, { lookedAt });
}
