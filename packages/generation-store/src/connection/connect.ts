import { ConfigError, readRedisAddress } from '@darkroom/contracts';
import { Redis, type RedisOptions } from 'ioredis';
import { noteDuplicates } from './connection-family.ts';
import { createReconnecting } from './reconnecting.ts';

/**
 * What every connection of ours has in common. `keepAlive` ends a connection whose packets are dropped while no command is open:
 * one that only listens.
 */
const common = {
  // for a socket that is dead already ioredis keeps a timer of this length, and the process with it (6.0, `AbstractConnector`)
  disconnectTimeout: 200,
  keepAlive: 5000,
} as const;

/**
 * Connects a caller that would rather be told than wait: a backend app, the webhook receiver. While Redis is away each
 * command fails at once, and works again when the connection is back.
 *
 * The offline queue is off, because a command that waits in it may run long after its caller gave up; one retry per request,
 * because a command whose reply was lost is sent again by ioredis and every script of ours allows for that
 * (ioredis README, "Offline Queue" and "Auto-reconnect"). A command that a demoted node refuses is reported to its caller under
 * the name that Redis gave, and the connection is replaced.
 *
 * `socketTimeout` counts while a command is unanswered: a connection that fell silent is replaced after it.
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
 * Connects a worker: commands wait for Redis to come back (BullMQ docs, "Connections": `maxRetriesPerRequest: null`), and one that a
 * demoted node refuses is sent again to the node that took its place.
 *
 * `socketTimeout` must be longer than the longest block of BullMQ, 10 s, which duplicates this connection for its blocking reads; a
 * shorter one cuts idle workers off. There is no `commandTimeout` for the same reason: it would end each idle block with an error.
 */
export const connectPatient = (url: string): Redis =>
  connect(url, true, { maxRetriesPerRequest: null, connectTimeout: 2000, socketTimeout: 12_000 });

/**
 * Connects a caller that only listens. It is asked every few seconds (`watchConnection`), so that silence ends it sooner than a worker's
 * connection, which blocks. Its caller subscribes anew whenever it is ready: it must know when it hears again.
 */
export const connectSubscriber = (url: string): Redis =>
  connect(url, true, { maxRetriesPerRequest: null, autoResubscribe: false, connectTimeout: 2000, socketTimeout: 4000 });

/**
 * ioredis gets fields and never the text: of a text it would obey the query before the options given here, and guess at the path.
 * @throws ConfigError for what is no address of a Redis
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
