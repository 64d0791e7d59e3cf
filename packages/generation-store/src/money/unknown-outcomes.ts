import { parseRef, type NanoUsd, type SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { corruptRecordOf } from '../corrupt-entry.ts';
import { generationKey, submissionKey, unknownKey } from '../keys.ts';

/** A submission with an unknown outcome, whose money is on hold. */
export interface UnknownOutcome {
  ref: SubmissionRef;
  tenant: string;
  heldNanoUsd: NanoUsd;
  /** Time at which the search for it ended, in milliseconds since 1970. */
  since: number;
}

export interface UnknownOutcomes {
  count: number;
  /** The oldest of them. */
  oldest: UnknownOutcome[];
}

/**
 * Reads the submissions with an unknown outcome.
 * @param limit Most submissions to describe.
 */
export async function readUnknown(redis: Redis, prefix: string, limit: number): Promise<UnknownOutcomes> {
  const [count, flat] = await Promise.all([
    redis.zcard(unknownKey(prefix)),
    limit === 0 ? [] : redis.zrange(unknownKey(prefix), '0', String(limit - 1), 'WITHSCORES'),
  ]);
  const named = flat.flatMap((name, at) => {
    const ref = at % 2 === 0 ? parseRef(name) : undefined;
    return ref === undefined ? [] : [{ ref, since: Number(flat[at + 1]) }];
  });
  const oldest = named.map(async ({ ref, since }): Promise<UnknownOutcome | undefined> => {
    const [reserved, tenant] = await Promise.all([
      readField(redis, submissionKey(prefix, ref), 'reserved'),
      readField(redis, generationKey(prefix, ref.generationId), 'tenant'),
    ]);
    // A name without its entry is skipped; the others are described.
    return reserved === null || tenant === null ? undefined : { ref, since, tenant, heldNanoUsd: Number(reserved) };
  });
  return { count, oldest: (await Promise.all(oldest)).filter((each) => each !== undefined) };
}

/** A field of a hash; null without one, and for a key of another type. */
const readField = (redis: Redis, key: string, field: string): Promise<string | null> =>
  redis.hget(key, field).catch((error: unknown) => {
    if (corruptRecordOf(error, key) !== undefined) return null;
    throw error;
  });
