import { defined, isGenerationId, type SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { corruptRecordOf } from '../corrupt-entry.ts';
import { unclaimedKey } from '../keys.ts';

/** A delivery for a submission that Redis did not know. Its body may hold text that no log may hold. */
export interface UnclaimedDelivery {
  /** Absent if Darkroom wrote no such entry. */
  ref?: SubmissionRef;
  body: string;
  /** Its text in Redis, which names it to `forgetUnclaimed`. */
  entry: string;
}

const ENTRY = /^([0-9a-f-]{36})\/(\d{1,2})-(\d{1,6}) ([\s\S]*)$/;

/** Reads deliveries that were kept apart, the newest first. */
export async function readUnclaimed(redis: Redis, prefix: string, count: number): Promise<UnclaimedDelivery[]> {
  const key = unclaimedKey(prefix);
  const entries = await redis.lrange(key, 0, count - 1).catch((error: unknown) => {
    throw corruptRecordOf(error, key) ?? error;
  });
  return entries.map((entry) => {
    const [, generationId = '', index, n, body = ''] = ENTRY.exec(entry) ?? [];
    return defined({ ref: isGenerationId(generationId) ? { generationId, index: Number(index), n: Number(n) } : undefined, body, entry });
  });
}

/** Forgets a delivery that was kept apart. */
export const forgetUnclaimed = async (redis: Redis, prefix: string, { entry }: UnclaimedDelivery): Promise<void> =>
  void (await redis.lrem(unclaimedKey(prefix), 1, entry));
