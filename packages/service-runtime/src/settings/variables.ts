import { readRedisAddress, REDIS_ADDRESS_RULE } from '@darkroom/contracts';
import { z } from 'zod';

// Each reads one variable, and its message says what is allowed, also when the variable is missing.

/** Any text. @param allowed What it must be, to follow "must be": "the name of the bucket". */
export const text = (allowed: string) => z.string({ error: `must be ${allowed}` });

/** A whole number in decimal digits. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string({ error })
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
}

/** A URL of one of the protocols ("http:", "redis:"), without a fragment. */
export function url(...protocols: readonly string[]) {
  const error = `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
  return z.string({ error }).refine((value) => isUrl(value, protocols), { error });
}

function isUrl(value: string, protocols: readonly string[]): boolean {
  try {
    const parsed = new URL(value);
    return protocols.includes(parsed.protocol) && parsed.hostname !== '' && parsed.hash === '';
  } catch {
    return false;
  }
}

/** The address of a Redis, without the blanks around it. */
export const redisUrl = () =>
  z
    .string({ error: `must be ${REDIS_ADDRESS_RULE}` })
    .trim()
    .superRefine((value, context) => {
      const address = readRedisAddress(value);
      if ('problem' in address) context.addIssue({ code: 'custom', message: address.problem });
    });

/** One of these words. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` });

/** "true" or "false". */
export const flag = () => oneOf(['true', 'false']).transform((value) => value === 'true');
