import { z } from 'zod';
import { redisUrl, text } from './variables.ts';

const HASH_TAG = /^[^\s{}]*\{[^\s{}]+\}[^\s{}]*$/;

/** `REDIS_URL` and `DARKROOM_PREFIX`. */
export const redisSettings = z
  .object({
    REDIS_URL: redisUrl(),
    // One slot of a Redis Cluster holds everything under one prefix, so that scripts may touch several keys.
    DARKROOM_PREFIX: text('a prefix with one hash tag, such as "{darkroom}"')
      .regex(HASH_TAG, { error: 'must be a prefix with one hash tag, such as "{darkroom}"' })
      .default('{darkroom}'),
  })
  .transform((env) => ({ url: env.REDIS_URL, prefix: env.DARKROOM_PREFIX }));
export type RedisSettings = z.output<typeof redisSettings>;
