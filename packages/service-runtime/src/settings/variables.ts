import {
  findAddressProblem,
  findSecretProblem,
  readRedisAddress,
  REDIS_ADDRESS_RULE,
  SERVER_ADDRESS_RULE,
  WEB_ADDRESS_RULE,
} from '@darkroom/contracts';
import { z } from 'zod';

// Each function reads one variable; its message lists the allowed values, even if the variable is missing.

/** Reads any text. @param allowed The rule, to follow "must be": "the name of the bucket". */
export const text = (allowed: string) => z.string({ error: `must be ${allowed}` });

/** Reads a whole number in decimal digits. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string({ error })
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
}

/**
 * Reads a text that a function checks. @param rule The rule, to follow "must be".
 * @param findProblem Returns a problem, such as "has a query in it", without repeating the text.
 */
export const formed = (rule: string, findProblem: (text: string) => string | undefined) =>
  text(rule).superRefine((value, context) => {
    const problem = findProblem(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `${problem}, and must be ${rule}` });
  });

/** Reads the address of a web server, with or without a path. */
export const webAddress = () => formed(WEB_ADDRESS_RULE, findAddressProblem);

/** Reads the address of a web server without a path. */
export const serverAddress = () => formed(SERVER_ADDRESS_RULE, (address) => findAddressProblem(address, { isServer: true }));

/** Reads a key for an HTTP header. @param rule The rule, to follow "must be". */
export const secretText = (rule: string) => formed(rule, findSecretProblem);

/** Reads the address of a Redis, without the blanks around it. */
export const redisUrl = () =>
  z
    .string({ error: `must be ${REDIS_ADDRESS_RULE}` })
    .trim()
    .superRefine((value, context) => {
      const address = readRedisAddress(value);
      if ('problem' in address) context.addIssue({ code: 'custom', message: address.problem });
    });

/** Reads one of these words. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` });

/** Reads "true" or "false". */
export const flag = () => oneOf(['true', 'false']).transform((value) => value === 'true');
