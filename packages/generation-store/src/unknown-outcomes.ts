import { formatRef, parseRef, type NanoUsd, type SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { generationKey, submissionKey, unknownKey } from './keys.ts';

/** A submission of which nobody knows what became, and whose money is on hold. */
export interface UnknownOutcome {
  ref: SubmissionRef;
  tenant: string;
  heldNanoUsd: NanoUsd;
  /** When it was given up, in milliseconds since 1970. */
  since: number;
}

export interface UnknownOutcomes {
  count: number;
  /** The oldest of them. */
  oldest: UnknownOutcome[];
}

/** Reads what is unknown. @param limit How many are described. */
export async function readUnknown(redis: Redis, prefix: string, limit: number): Promise<UnknownOutcomes> {
  const [count, flat] = await Promise.all([
    redis.zcard(unknownKey(prefix)),
    limit === 0 ? [] : redis.zrange(unknownKey(prefix), '0', String(limit - 1), 'WITHSCORES'),
  ]);
  const named = flat.flatMap((name, at) => {
    const ref = at % 2 === 0 ? parseRef(name) : undefined;
    return ref === undefined ? [] : [{ ref, since: Number(flat[at + 1]) }];
  });
  const oldest = named.map(async ({ ref, since }): Promise<UnknownOutcome> => {
    const [reserved, tenant] = await Promise.all([
      redis.hget(submissionKey(prefix, ref), 'reserved'),
      redis.hget(generationKey(prefix, ref.generationId), 'tenant'),
    ]);
    if (reserved === null || tenant === null) throw new Error(`submission "${formatRef(ref)}" is said to be unknown, and has no record`);
    return { ref, since, tenant, heldNanoUsd: Number(reserved) };
  });
  return { count, oldest: await Promise.all(oldest) };
}
