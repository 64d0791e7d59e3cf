import type { Redis } from 'ioredis';

/** Returns a function that binds an operation to the connection and the prefix of a store; a caller then gives the remaining arguments. */
export const bindOperations =
  (redis: Redis, prefix: string) =>
  <Given extends readonly unknown[], Reply>(operation: (redis: Redis, prefix: string, ...given: Given) => Reply) =>
  (...given: Given): Reply =>
    operation(redis, prefix, ...given);
