import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { json } from '../corrupt-entry.ts';
import { apiKeysKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import { UNRECORDED } from './restrictions.ts';

/** End of a key: the list of the changes that no process could read, which wait for an operator. */
export const UNREADABLE = '-unreadable';
/** Changes that a worker carries into S3 at once. */
const CHANGES_AT_ONCE = 100;

/** A change that Redis alone holds. */
export interface UnrecordedChange<Record> {
  /** Its text in Redis. */
  entry: string;
  record: Record;
}

/** Moves a change out of the way of those behind it. Of two processes at once one moves it. */
const putAsideScript = createNamedScript(['list', 'aside', 'entry'])(/* lua */ `${prelude}
if redis.call('LREM', list, 1, entry) == 1 then redis.call('RPUSH', aside, entry) end
`);

/**
 * Reads changes that S3 does not have, the oldest first.
 * @param name Key of which the lists are named.
 */
export async function readUnrecordedChanges<Record>(
  redis: Redis,
  name: string,
  prefix: string,
  schema: z.ZodType<Record>,
): Promise<UnrecordedChange<Record>[]> {
  const [list, aside] = [`${name}${UNRECORDED}`, `${name}${UNREADABLE}`];
  for (;;) {
    const entries = await redis.lrange(list, 0, CHANGES_AT_ONCE - 1);
    const readable: UnrecordedChange<Record>[] = [];
    for (const entry of entries) {
      const { data: record } = json.pipe(schema).safeParse(entry);
      if (record === undefined) await putAsideScript.run(redis, list, prefix, { list, aside, entry });
      else readable.push({ entry, record });
    }
    if (readable.length > 0 || entries.length === 0) return readable;
  }
}

/** Counts the changes of keys and endpoints that were put aside. */
export async function countUnreadableChanges(redis: Redis, prefix: string): Promise<{ apiKeys: number; endpoints: number }> {
  const [apiKeys, endpoints] = await Promise.all(
    [apiKeysKey(prefix), `${prefix}:webhook-endpoints`].map((name) => redis.llen(`${name}${UNREADABLE}`)),
  );
  return { apiKeys: apiKeys ?? 0, endpoints: endpoints ?? 0 };
}
