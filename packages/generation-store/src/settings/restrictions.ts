import type { Redis } from 'ioredis';

/** End of a setting's key: the list of the restrictions that Redis alone holds. */
export const UNRECORDED = '-unrecorded';

/** A change that restricts, and that Redis alone holds until a worker has recorded it in S3. */
export interface Restriction {
  /** Its text in Redis. */
  entry: string;
  /** Redis time, in milliseconds since 1970. */
  at: number;
  /** Revision that Redis knew then; 0 for none. */
  revision: number;
  /** New values, by the name of their field. */
  values: Readonly<Record<string, number>>;
}

/** Reads the restrictions of a setting that are not recorded yet, the oldest first. */
export async function readRestrictions(redis: Redis, settingKey: string, unrecordedEnd = UNRECORDED): Promise<Restriction[]> {
  const entries = await redis.lrange(`${settingKey}${unrecordedEnd}`, 0, -1).catch((error: unknown) => {
    // A key of another type holds none; the next change removes it.
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return [];
    throw error;
  });
  return entries.map((entry) => {
    const [at, revision, ...words] = entry.split(' ');
    const values: Record<string, number> = {};
    for (let each = 0; each + 1 < words.length; each += 2) values[words[each] ?? ''] = Number(words[each + 1]);
    return { entry, at: Number(at), revision: Number(revision), values };
  });
}
