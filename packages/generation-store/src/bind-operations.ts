import type { Redis } from 'ioredis';

/** Returns a function that gives operations the connection and the prefix of a store: what is left are the arguments of a caller. */
export const bindOperations =
  (redis: Redis, prefix: string) =>
  <Given extends readonly unknown[], Reply>(operation: (redis: Redis, prefix: string, ...given: Given) => Reply) =>
  (...given: Given): Reply =>
    operation(redis, prefix, ...given);
