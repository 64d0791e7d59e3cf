import { ConfigError, readRedisAddress } from '@darkroom/contracts';
import { Redis, type RedisOptions } from 'ioredis';
import { noteDuplicates } from './connection-family.ts';
import { createReconnecting } from './reconnecting.ts';

/** Options of every connection of ours. `keepAlive` ends a connection whose packets are dropped while it only listens. */
const common = {
  // for a socket that is dead already ioredis keeps a timer of this length, and the process with it (6.0, `AbstractConnector`)
  disconnectTimeout: 200,
  keepAlive: 5000,
} as const;

/**
 * Connects a caller that prefers an error to a wait: a backend app, or the webhook receiver. While Redis is away each command fails at
 * once, and works again once the connection is back.
 *
 * The offline queue is off, because a command that waits in it may run long after its caller gave up. A request is retried once, because
 * ioredis repeats a command whose reply was lost, and every script of ours allows for that (ioredis README, "Offline Queue" and
 * "Auto-reconnect"). For a command that a demoted node refuses the caller gets the error name of Redis, and the connection is replaced.
 *
 * `socketTimeout` counts while a command is unanswered. A connection that stays silent for that long is replaced.
 */
export const connectFailFast = (url: string): Redis =>
  connect(url, false, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 1000,
    commandTimeout: 1000,
    socketTimeout: 2000,
  });

/**
 * Connects a worker. Its commands wait for Redis to come back (BullMQ docs, "Connections": `maxRetriesPerRequest: null`). A command that a
 * demoted node refuses is sent again to the node in its place.
 *
 * `socketTimeout` must be longer than the longest block of BullMQ, 10 s: BullMQ duplicates this connection for its blocking reads, and a
 * shorter one would cut idle workers off. For the same reason there is no `commandTimeout`: it would end each idle block with an error.
 */
export const connectPatient = (url: string): Redis =>
  connect(url, true, { maxRetriesPerRequest: null, connectTimeout: 2000, socketTimeout: 12_000 });

/**
 * Connects a caller that only listens. `watchConnection` asks it something every few seconds, so that silence ends it sooner than a
 * worker's connection, which blocks. The caller subscribes anew at each "ready", because it must know when it hears again.
 */
export const connectSubscriber = (url: string): Redis =>
  connect(url, true, { maxRetriesPerRequest: null, autoResubscribe: false, connectTimeout: 2000, socketTimeout: 4000 });

/**
 * Builds a connection. ioredis gets fields and never the text: it would prefer the query of a text to the options given here, and guess at
 * the path.
 * @throws ConfigError for a text that is no address of a Redis
 */
function connect(url: string, resend: boolean, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const address = readRedisAddress(url);
  if ('problem' in address) throw new ConfigError([{ path: 'REDIS_URL', message: address.problem }]);
  const { isTls, ...fields } = address;
  const redis: Redis = new Redis({
    ...fields,
    ...(isTls ? { tls: {} } : {}),
    ...options,
    ...common,
    ...createReconnecting(resend, {
      refused: (error) => void redis.emit('refused', error),
      denied: (error) => void redis.emit('denied', error),
    }),
  });
  // Without a listener a connection error would end the process; each command reports it to its own caller anyway.
  redis.on('error', () => undefined);
  return noteDuplicates(redis);
}
