import { defined, type Signature } from '@darkroom/contracts';
import type { Redis } from 'ioredis';

/** End of a setting's key: the list of the restrictions that Redis alone holds. */
export const UNRECORDED = '-unrecorded';

/** A change that restricts, and that Redis alone holds until a worker has recorded it in S3. */
export interface Restriction extends Signature {
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
    const signature: Signature = {};
    for (let each = 0; each + 1 < words.length; each += 2) {
      const [name = '', value = ''] = words.slice(each, each + 2);
      if (name === 'who' || name === 'reason') signature[name] = unquote(value);
      else values[name] = Number(value);
    }
    return { entry, at: Number(at), revision: Number(revision), values, ...signature };
  });
}

/** Writes a signature as the words of an entry. Earlier versions take them for values that they do not know. */
export const quoteSignature = (signature: Signature): string =>
  Object.entries(defined(signature))
    .map(([name, words]) => ` ${name} ${encodeURIComponent(words)}`)
    .join('');

function unquote(words: string): string {
  try {
    return decodeURIComponent(words);
  } catch {
    return words;
  }
}
