import type { ProviderTrouble } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { providerTroubleKey } from './keys.ts';
import { reportTroubleScript } from './scripts/provider-trouble.ts';

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
    tolerated,
    firstWaitMs,
    maxWaitMs,
    askedWaitMs,
    generationId,
  ]);
  return z.coerce.number().parse(reply);
}

const storedSchema = z.object({ since: z.coerce.number(), failures: z.coerce.number(), probeAt: z.coerce.number() });

/** What the provider is in trouble with; undefined while the fleet sends as it likes. */
export async function findTrouble(redis: Redis, prefix: string): Promise<StandingTrouble | undefined> {
  const stored = await redis.hgetall(providerTroubleKey(prefix));
  return stored['probeAt'] === undefined ? undefined : storedSchema.parse(stored);
}
