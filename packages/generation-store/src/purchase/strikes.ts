import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, refArguments, refusalsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

/** Time after an accepted purchase for which the provider counts as accepting: a fleet with work buys many in that time. */
const ACCEPTING_MS = 60_000;

/**
 * Counts a failed send of one submission while purchases of others may be accepted. A second strike needs an acceptance since the first, so
 * that trouble of the whole fleet ends no order. Replies the strikes, and 1 if the provider accepted another purchase since the last
 * strike, or lately.
 */
const strikeScript = createLuaScript(/* lua */ `${prelude}
local key = submissionKey(ARGV[2], ARGV[3], ARGV[4])
if redis.call('EXISTS', key) == 0 then return { '0', '0' } end
local now = nowMs()
local struckAt = tonumber(redis.call('HGET', key, 'struckAt') or '')
local acceptedAt = tonumber(redis.call('GET', prefix .. ':accepted-at') or '0') or 0
local takesOthers = acceptedAt >= (struckAt or now - ${ACCEPTING_MS}) and '1' or '0'
if struckAt and takesOthers == '0' then return { redis.call('HGET', key, 'strikes') or '0', '0' } end
redis.call('HSET', key, 'struckAt', int(now))
return { int(redis.call('HINCRBY', key, 'strikes', 1)), takesOthers }
`);

/** Age at which refusals are forgotten. */
const REFUSALS_KEPT_SECONDS = 3600;

/**
 * Counts the generations in a row that the provider refused with one code, each once: ARGV[3] is the code, ARGV[2] the generation. An
 * acceptance or another code begins the row anew. Replies the length of the row.
 */
const refusalScript = createLuaScript(/* lua */ `${prelude}
local key = prefix .. ':refusals'
local row = ARGV[3] .. ' ' .. (redis.call('GET', prefix .. ':accepted-at') or '0')
if redis.call('HGET', key, 'row') ~= row then
  redis.call('DEL', key)
  redis.call('HSET', key, 'row', row)
end
if redis.call('HLEN', key) <= 100 then redis.call('HSET', key, 'of:' .. ARGV[2], 1) end
redis.call('EXPIRE', key, ${REFUSALS_KEPT_SECONDS})
return int(redis.call('HLEN', key) - 1)
`);

/** The strikes of a submission, with `takesOthers` true if the provider accepts purchases of others meanwhile. */
export interface Strike {
  strikes: number;
  takesOthers: boolean;
}

/** Counts a failed send; after the first strike only if another submission was accepted since the last one. */
export async function countStrike(redis: Redis, prefix: string, ref: SubmissionRef): Promise<Strike> {
  const reply = await strikeScript.run(redis, generationKey(prefix, ref.generationId), refArguments(prefix, ref));
  const [strikes, takesOthers] = z.tuple([z.coerce.number(), z.enum(['0', '1'])]).parse(reply);
  return { strikes, takesOthers: takesOthers === '1' };
}

/**
 * Counts the generations in a row that were refused with one code.
 * @returns their number, this one included.
 */
export async function countRefusal(redis: Redis, prefix: string, generationId: string, code: string): Promise<number> {
  return z.coerce.number().parse(await refusalScript.run(redis, refusalsKey(prefix), [prefix, generationId, code]));
}
