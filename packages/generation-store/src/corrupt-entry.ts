import { CorruptRecordError } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';

/** Words with which a script names a corrupt entry (lua/prelude.ts, `corrupt`). */
const NAMED = /CORRUPT (\S+) ([^\s,]+)/;
/** Words of Redis for a key of another type, and for a field that is no whole number. */
const WRONG_TYPE = /WRONGTYPE|is not an integer|not a valid float/;

/**
 * Turns an error of Redis about a corrupt entry into ours; undefined for all other trouble.
 * @param key The key of the request.
 */
export function corruptRecordOf(error: unknown, key: string): CorruptRecordError | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, named, field] = NAMED.exec(error.message) ?? [];
  if (named !== undefined && field !== undefined)
    return new CorruptRecordError(
      named,
      field === 'type' ? 'it is of another type' : `its field "${field}" is missing or none of what it may be`,
    );
  return WRONG_TYPE.test(error.message) ? new CorruptRecordError(key, 'it, or a key of it, is of another type') : undefined;
}

/** Passes by an entry that is corrupt, so that it stops no work on the others; throws all other trouble. To be given to `catch`. */
export function passByCorrupt(error: unknown): undefined {
  if (error instanceof CorruptRecordError || corruptRecordOf(error, '') !== undefined) return undefined;
  throw error;
}

/** Reads all fields of a hash. @throws CorruptRecordError for a key of another type. */
export const readHash = (redis: Redis, key: string): Promise<Record<string, string>> =>
  redis.hgetall(key).catch((error: unknown) => {
    throw corruptRecordOf(error, key) ?? error;
  });

/**
 * Parses an entry of Redis.
 * @throws CorruptRecordError, which names the wrong field and not its content: that may be a prompt.
 */
export function parseEntry<Schema extends z.ZodType>(key: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CorruptRecordError(key, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

/** Text that holds JSON. */
export const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});

/** A whole number as Redis keeps it. */
export const whole = z
  .string()
  .regex(/^-?\d{1,16}$/, 'is not a whole number')
  .transform(Number);
