import {
  findAddressProblem,
  findSecretProblem,
  readRedisAddress,
  REDIS_ADDRESS_RULE,
  SERVER_ADDRESS_RULE,
  WEB_ADDRESS_RULE,
} from '@darkroom/contracts';
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

/**
 * Text of a form that a function knows. @param rule What it must be, to follow "must be".
 * @param findProblem Returns what is wrong, such as "has a query in it", without repeating the text.
 */
export const formed = (rule: string, findProblem: (text: string) => string | undefined) =>
  text(rule).superRefine((value, context) => {
    const problem = findProblem(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `${problem}, and must be ${rule}` });
  });

/** The address of a web server, with a path or without. */
export const webAddress = () => formed(WEB_ADDRESS_RULE, findAddressProblem);

/** The address of a web server as a whole. */
export const serverAddress = () => formed(SERVER_ADDRESS_RULE, (address) => findAddressProblem(address, { isServer: true }));

/** A key that goes into a header. @param rule What it must be, to follow "must be". */
export const secretText = (rule: string) => formed(rule, findSecretProblem);

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
