import { Redis } from 'ioredis';

/** What every connection of ours has in common. */
const common = {
  retryStrategy: (attempt: number) => Math.min(50 * attempt, 1000),
  // for a socket that is dead already ioredis keeps a timer of this length, and the process with it (6.0, `AbstractConnector`)
  disconnectTimeout: 200,
} as const;

/**
 * Connects a caller that would rather be told than wait: a backend app, the webhook receiver. While Redis is away each
 * command fails at once, and works again when the connection is back.
 *
 * The offline queue is off, because a command that waits in it may run long after its caller gave up; one retry per request,
 * because a command whose reply was lost is sent again by ioredis and every script of ours allows for that
 * (ioredis README, "Offline Queue" and "Auto-reconnect").
 */
export const connectFailFast = (url: string): Redis =>
  withListener(
    new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      connectTimeout: 1000,
      commandTimeout: 1000,
      ...common,
    }),
  );

/** Connects a worker: commands wait for Redis to come back (BullMQ docs, "Connections": `maxRetriesPerRequest: null`). */
export const connectPatient = (url: string): Redis => withListener(new Redis(url, { maxRetriesPerRequest: null, ...common }));

// Without a listener a connection error would end the process; each command reports it to its own caller anyway.
function withListener(redis: Redis): Redis {
  redis.on('error', () => undefined);
  return redis;
}
