import { submissionStatuses, type SubmissionRef, type SubmissionResult } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readRecord, whole } from '../corrupt-entry.ts';
import { storedResult } from '../entry-fields.ts';
import { generationKey, refArguments, submissionKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';
import type { KnownGeneration } from './findings.ts';

/** Says of submissions of one generation what Redis knows: <now> <isKnown> then status | sends | round | settledAt | lookedAt of each. */
const knownScript = createLuaScript(/* lua */ `${prelude}
local id, now = ARGV[2], nowMs()
local reply = { int(now), redis.call('EXISTS', KEYS[1]) }
-- a time that lies ahead was written before the clock of Redis went back
local function notAhead(at) return tonumber(at) and int(math.min(now, tonumber(at))) end
-- a time by the clock of S3 is compared with such times alone
local function byS3(at) return tonumber(at) and int(tonumber(at)) end
for at = 3, #ARGV do
  local fields = redis.call('HMGET', prefix .. ':submission:' .. id .. ':' .. ARGV[at], 'status', 'sends', 'round', 'settledAt', 'lookedAt')
  reply[#reply + 1] = { fields[1] or '', fields[2] or '0', fields[3] or '0', notAhead(fields[4]) or '', byS3(fields[5]) or '0' }
end
return reply
`);

/** Notes for what was in S3 by then the settlement of a submission was woken; it never creates a record (I9). */
const noteLookScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return 0 end
return redis.call('HSET', key, 'lookedAt', ARGV[5])
`);

const number = z.coerce.number();
const optionalNumber = z.union([z.literal('').transform(() => undefined), whole]);
const optionalStatus = z.enum(['', ...submissionStatuses]).transform((status) => (status === '' ? undefined : status));

const knownReplySchema = z.tuple([number, z.number()]).rest(z.tuple([optionalStatus, number, number, optionalNumber, number]));

/** What Redis knows of submissions of one generation. */
export async function readKnown(
  redis: Redis,
  prefix: string,
  generationId: string,
  refs: readonly SubmissionRef[],
): Promise<KnownGeneration> {
  const key = generationKey(prefix, generationId);
  const reply = await knownScript.run(redis, key, [prefix, generationId, ...refs.map(({ index, n }) => `${index}-${n}`)]);
  const [now, isKnown, ...rows] = readRecord(key, knownReplySchema, reply);
  return {
    now,
    isKnown: isKnown === 1,
    submissions: rows.map(([status, sends, round, settledAt, lookedAt]) => ({
      sends,
      round,
      lookedAt,
      ...(status === undefined ? {} : { status }),
      ...(settledAt === undefined ? {} : { settledAt }),
    })),
  };
}

/** Returns the end of a submission as Redis keeps it. */
export async function findResult(redis: Redis, prefix: string, ref: SubmissionRef): Promise<SubmissionResult | undefined> {
  const key = submissionKey(prefix, ref);
  const result = await redis.hget(key, 'result');
  return result === null ? undefined : readRecord(key, storedResult, result);
}

/** Notes that the settlement of a submission was woken for what lay in S3 by then. @param lookedAt Milliseconds since 1970. */
export async function noteLook(redis: Redis, prefix: string, ref: SubmissionRef, lookedAt: number): Promise<void> {
  await noteLookScript.run(redis, generationKey(prefix, ref.generationId), [...refArguments(prefix, ref), lookedAt]);
}
