import type { Redis } from 'ioredis';
import { z } from 'zod';
import { providerTroubleKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import type { ProviderTrouble } from './steps.ts';

/**
 * State of a provider in trouble, one hash: `failures` in a row, their generations (`of:<id>`), their start (`since`) and the `code` of
 * the last one. Once there are too many: `probeAt` the time of the next trial request, `leftAloneMs` the pause before it, `waitMs` the next pause, and `tried` if the
 * trial request was let through. The provider's first answer deletes the hash.
 *
 * For the commit: time until a send may leave. One send of the whole fleet passes at each `probeAt`; the others wait for its outcome. If
 * its process dies, the next one passes after the same wait.
 */
export const providerGate = /* lua */ `
-- an unreadable hash is forgotten: it is only worth a wait
local function troubleFields(now)
  local key = prefix .. ':provider-trouble'
  local read = redis.pcall('HMGET', key, 'failures', 'probeAt', 'waitMs', 'tried', 'leftAloneMs')
  if read.err or (read[1] and not tonumber(read[1])) or (read[2] and not (tonumber(read[2]) and tonumber(read[3]))) then
    redis.call('DEL', key)
    read = {}
  end
  local trouble = { failures = tonumber(read[1] or '0'), probeAt = tonumber(read[2] or ''), waitMs = tonumber(read[3] or ''), tried = read[4] == '1' }
  -- a moment further away than the wait that was set comes from a clock that went back since: the wait begins anew
  local longest = tonumber(read[5] or '') or trouble.waitMs
  if trouble.probeAt and trouble.probeAt > now + longest then
    trouble.probeAt = now + longest
    redis.call('HSET', key, 'probeAt', int(trouble.probeAt), 'leftAloneMs', int(longest))
  end
  return key, trouble
end

local function providerLeftAloneMs(now)
  local key, trouble = troubleFields(now)
  if not trouble.probeAt then return 0 end
  if now < trouble.probeAt then return trouble.probeAt - now end
  redis.call('HSET', key, 'probeAt', int(now + trouble.waitMs), 'leftAloneMs', int(trouble.waitMs), 'tried', '1')
  return 0
end

local function providerFailures(now)
  local _, trouble = troubleFields(now)
  return int(trouble.failures)
end
`;

const troubleArguments = ['tolerated', 'firstWaitMs', 'maxWaitMs', 'askedWaitMs', 'generationId', 'code'] as const;

/**
 * Counts a failed send. Until there are too many, each generation counts once: one request that always fails stops no other. The wait grows
 * with each trial request, not with each failure, because sends that were under way together fail together. Replies for how long nothing is
 * sent, 0 while all goes on.
 */
const reportTroubleScript = createNamedScript(troubleArguments)(/* lua */ `${prelude}${providerGate}
local first, longest, asked = tonumber(firstWaitMs), tonumber(maxWaitMs), tonumber(askedWaitMs)
local now = nowMs()
local key, trouble = troubleFields(now)
if code == '' then redis.call('HDEL', key, 'code') else redis.call('HSET', key, 'code', code) end
if not trouble.probeAt and redis.call('HSETNX', key, 'of:' .. generationId, 1) == 0 then return '0' end
local failures = redis.call('HINCRBY', key, 'failures', 1)
if failures == 1 then redis.call('HSET', key, 'since', int(now)) end
if not trouble.probeAt and failures < tonumber(tolerated) then return '0' end
local wait = math.min(longest, trouble.probeAt and trouble.waitMs * (trouble.tried and 2 or 1) or first)
local probeAt = math.max(trouble.probeAt or 0, now + math.max(wait, asked))
redis.call('HSET', key, 'probeAt', int(probeAt), 'leftAloneMs', int(probeAt - now), 'waitMs', int(wait), 'tried', '0')
return int(probeAt - now)
`);

/** Trouble in which the fleet leaves the provider alone. */
export interface StandingTrouble {
  /** Time of the first failed send in the row, in milliseconds since 1970. */
  since: number;
  /** Number of failed sends in the row. */
  failures: number;
  /** Time of the next trial request, in milliseconds since 1970. */
  probeAt: number;
  /** Code of the last failure; absent if an earlier version counted it. */
  code?: string;
}

/**
 * Counts a failed send, once for each generation.
 * @returns for how long the fleet leaves the provider alone, in milliseconds; 0 while it goes on.
 */
export async function reportTrouble(
  redis: Redis,
  prefix: string,
  { generationId, tolerated, firstWaitMs, maxWaitMs, askedWaitMs = 0, code = '' }: ProviderTrouble,
): Promise<number> {
  const reply = await reportTroubleScript.run(redis, providerTroubleKey(prefix), prefix, {
    tolerated,
    firstWaitMs,
    maxWaitMs,
    askedWaitMs,
    generationId,
    code: CODE.test(code) ? code : '',
  });
  return z.coerce.number().parse(reply);
}

/** Form of a code; anything else may be text of a gateway. */
const CODE = /^[\w.-]{1,64}$/;

const storedSchema = z.object({ since: z.coerce.number(), failures: z.coerce.number(), probeAt: z.coerce.number() });

const codeIn = ({ code = '' }: Readonly<Record<string, string>>): { code?: string } => (CODE.test(code) ? { code } : {});

/** Returns the provider's trouble; undefined while no trouble slows the fleet. */
export async function findTrouble(redis: Redis, prefix: string): Promise<StandingTrouble | undefined> {
  const stored = await redis.hgetall(providerTroubleKey(prefix));
  return stored['probeAt'] === undefined ? undefined : { ...storedSchema.parse(stored), ...codeIn(stored) };
}

/** Failed sends in a row, too few yet for the provider to be in trouble. */
export interface FailedSends {
  /** Time of the first one, in milliseconds since 1970. */
  since: number;
  /** Number of generations that they belong to. */
  generations: number;
  /** Code of the last failure; absent if it has none, or an earlier version counted it. */
  code?: string;
}

/** Returns the failed sends since the provider's last answer; undefined if there are none, and while it is in trouble. */
export async function findFailedSends(redis: Redis, prefix: string): Promise<FailedSends | undefined> {
  const stored = await redis.hgetall(providerTroubleKey(prefix));
  const { probeAt, since, failures } = stored;
  if (probeAt !== undefined || since === undefined) return undefined;
  // A damaged hash ends no page: this is only a notice.
  const read = z.object({ since: z.coerce.number(), generations: z.coerce.number() }).safeParse({ since, generations: failures });
  return read.data && { ...read.data, ...codeIn(stored) };
}

/** Forgets the trouble of a provider that answers. */
export const reportAnswer = async (redis: Redis, prefix: string): Promise<void> => void (await redis.del(providerTroubleKey(prefix)));
