import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { refusalsKey } from '../keys.ts';
import { createNamedScript, createSubmissionScript } from '../lua/named-script.ts';
import { flag, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** Time after an accepted purchase for which the provider counts as accepting: a fleet with work buys many in that time. */
const ACCEPTING_MS = 60_000;

/**
 * Counts a failed send of one submission while purchases of others may be accepted. A second strike needs an acceptance since the first, so
 * that trouble of the whole fleet ends no order. The provider takes others if it accepted another purchase since the last strike, or lately.
 */
const strikeScript = createSubmissionScript([])(/* lua */ `${prelude}
if redis.call('EXISTS', key) == 0 then return named({ strikes = 0, takesOthers = false }) end
local now = nowMs()
local struckAt = tonumber(redis.call('HGET', key, 'struckAt') or '')
local acceptedAt = tonumber(redis.call('GET', prefix .. ':accepted-at') or '0') or 0
local takesOthers = acceptedAt >= (struckAt or now - ${ACCEPTING_MS})
if struckAt and not takesOthers then return named({ strikes = redis.call('HGET', key, 'strikes') or 0, takesOthers = false }) end
redis.call('HSET', key, 'struckAt', int(now))
return named({ strikes = redis.call('HINCRBY', key, 'strikes', 1), takesOthers = takesOthers })
`);

const strikeSchema = namedReply(z.object({ strikes: number, takesOthers: flag }));

/** Age at which refusals are forgotten. */
const REFUSALS_KEPT_SECONDS = 3600;

/**
 * Counts the generations in a row that the provider refused with one code, each once. An acceptance or another code begins the row anew.
 * Replies the length of the row.
 */
const refusalScript = createNamedScript(['generationId', 'code'])(/* lua */ `${prelude}
local key = prefix .. ':refusals'
local row = code .. ' ' .. (redis.call('GET', prefix .. ':accepted-at') or '0')
if redis.call('HGET', key, 'row') ~= row then
  redis.call('DEL', key)
  redis.call('HSET', key, 'row', row)
end
if redis.call('HLEN', key) <= 100 then redis.call('HSET', key, 'of:' .. generationId, 1) end
redis.call('EXPIRE', key, ${REFUSALS_KEPT_SECONDS})
return int(redis.call('HLEN', key) - 1)
`);

/** The strikes of a submission, with `takesOthers` true if the provider accepts purchases of others meanwhile. */
export interface Strike {
  strikes: number;
  takesOthers: boolean;
}

/** Counts a failed send; after the first strike only if another submission was accepted since the last one. */
export const countStrike = async (redis: Redis, prefix: string, ref: SubmissionRef): Promise<Strike> =>
  strikeSchema.parse(await strikeScript.run(redis, prefix, ref, {}));

/**
 * Counts the generations in a row that were refused with one code.
 * @returns their number, this one included.
 */
export const countRefusal = async (redis: Redis, prefix: string, generationId: string, code: string): Promise<number> =>
  number.parse(await refusalScript.run(redis, refusalsKey(prefix), prefix, { generationId, code }));
