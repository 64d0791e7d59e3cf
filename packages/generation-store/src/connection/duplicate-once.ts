import type { Redis, RedisOptions } from 'ioredis';

/**
 * Duplicates a connection for one question: it connects on request, tries once, and gives up after a limit.
 * @param limitMs Longest time to connect, for each command, and without a byte, in milliseconds.
 */
export const duplicateOnce = (redis: Redis, limitMs: number, options: RedisOptions = {}): Redis =>
  redis.duplicate({
    lazyConnect: true,
    retryStrategy: () => null,
    reconnectOnError: null,
    maxRetriesPerRequest: 0,
    connectTimeout: limitMs,
    commandTimeout: limitMs,
    socketTimeout: limitMs,
    ...options,
  });
