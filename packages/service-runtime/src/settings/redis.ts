import { z } from 'zod';
import { formed, redisUrl } from './variables.ts';

const HASH_TAG = /^[^\s{}]*\{[^\s{}]+\}[^\s{}]*$/;
const MAX_LENGTH = 128;

/** Says what is wrong with a prefix of keys. Signs of patterns would make lists of keys and rights of users mean others as well. */
function findPrefixProblem(prefix: string): string | undefined {
  if (prefix.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`;
  if (/[*?[\]\\"'`]|[^!-~]/.test(prefix)) return 'has a blank, quote, backslash, sign of patterns or a letter that is not ASCII in it';
  return HASH_TAG.test(prefix) ? undefined : 'has no hash tag, or more than one';
}

/** `REDIS_URL` and `DARKROOM_PREFIX`. */
export const redisSettings = z
  .object({
    REDIS_URL: redisUrl(),
    // One slot of a Redis Cluster holds everything under one prefix, so that scripts may touch several keys.
    DARKROOM_PREFIX: formed('a prefix with one hash tag, such as "{darkroom}"', findPrefixProblem).default('{darkroom}'),
  })
  .transform((env) => ({ url: env.REDIS_URL, prefix: env.DARKROOM_PREFIX }));
export type RedisSettings = z.output<typeof redisSettings>;
