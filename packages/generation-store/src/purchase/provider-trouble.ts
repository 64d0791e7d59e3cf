import type { Redis } from 'ioredis';
import { z } from 'zod';
import { providerTroubleKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import type { ProviderTrouble } from './steps.ts';

/**
 * What the fleet knows of a provider in trouble, one hash: `failures` in a row, of which generations (`of:<id>`) and `since`
 * when; and once there were too many,
 * `probeAt` when one send may try again, `leftAloneMs` how long before that the provider is left alone, `waitMs` how long the next
 * wait is, and `tried` whether that send was let through.
 * The first answer of the provider deletes it.
 *
 * For the commit: how long until a send may leave. One send of the whole fleet passes at each `probeAt`; the others wait for
 * what becomes of it. If its process dies, the next one passes after the same wait.
 */
export const providerGate = /* lua */ `
-- what cannot be read is forgotten: it is worth nothing but a wait
local function troubleFields(now)
  local key = prefix .. ':provider-trouble'
  local read = redis.pcall('HMGET', key, 'failures', 'probeAt', 'waitMs', 'tried', 'leftAloneMs')
  if read.err or (read[1] and not tonumber(read[1])) or (read[2] and not (tonumber(read[2]) and tonumber(read[3]))) then
    redis.call('DEL', key)
    read = {}
  end
  local trouble = { failures = tonumber(read[1] or '0'), probeAt = tonumber(read[2] or ''), waitMs = tonumber(read[3] or ''), tried = read[4] == '1' }
  -- a moment that is further away than the wait that was set was set by a clock that went back since: the wait begins anew
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

const given = nameArguments(['tolerated', 'firstWaitMs', 'maxWaitMs', 'askedWaitMs', 'generationId']);

/**
 * Counts a send that came to nothing. Until there are too many
 * each generation counts once: one request that always fails stops nobody else. The wait grows with each try, not
 * with each failure: those that were under way at once fail at once. @returns how long nothing is sent, 0 while all goes on.
 */
const reportTroubleScript = createLuaScript(/* lua */ `${prelude}${providerGate}
${given.lua}
local first, longest, asked = tonumber(firstWaitMs), tonumber(maxWaitMs), tonumber(askedWaitMs)
local now = nowMs()
local key, trouble = troubleFields(now)
if not trouble.probeAt and redis.call('HSETNX', key, 'of:' .. generationId, 1) == 0 then return '0' end
local failures = redis.call('HINCRBY', key, 'failures', 1)
if failures == 1 then redis.call('HSET', key, 'since', int(now)) end
if not trouble.probeAt and failures < tonumber(tolerated) then return '0' end
local wait = math.min(longest, trouble.probeAt and trouble.waitMs * (trouble.tried and 2 or 1) or first)
local probeAt = math.max(trouble.probeAt or 0, now + math.max(wait, asked))
redis.call('HSET', key, 'probeAt', int(probeAt), 'leftAloneMs', int(probeAt - now), 'waitMs', int(wait), 'tried', '0')
return int(probeAt - now)
`);

/** The fleet leaves the provider alone. */
export interface StandingTrouble {
  /** When the first of the sends in a row came to nothing, in milliseconds since 1970. */
  since: number;
  /** How many have by now. */
  failures: number;
  /** When one send may try again, in milliseconds since 1970. */
  probeAt: number;
}

/** Counts a send that came to nothing, once for each generation. @returns how long the fleet leaves the provider alone, in milliseconds; 0 while it goes on. */
export async function reportTrouble(
  redis: Redis,
  prefix: string,
  { generationId, tolerated, firstWaitMs, maxWaitMs, askedWaitMs = 0 }: ProviderTrouble,
): Promise<number> {
  const reply = await reportTroubleScript.run(redis, providerTroubleKey(prefix), [
    prefix,
    ...given.list({ tolerated, firstWaitMs, maxWaitMs, askedWaitMs, generationId }),
  ]);
  return z.coerce.number().parse(reply);
}

const storedSchema = z.object({ since: z.coerce.number(), failures: z.coerce.number(), probeAt: z.coerce.number() });

/** Returns the provider's trouble; undefined while no trouble slows the fleet. */
export async function findTrouble(redis: Redis, prefix: string): Promise<StandingTrouble | undefined> {
  const stored = await redis.hgetall(providerTroubleKey(prefix));
  return stored['probeAt'] === undefined ? undefined : storedSchema.parse(stored);
}

/** Forgets the trouble of a provider that answers. */
export const reportAnswer = async (redis: Redis, prefix: string): Promise<void> => void (await redis.del(providerTroubleKey(prefix)));
