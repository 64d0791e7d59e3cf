import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { ConfigError, defined, readRedisAddress, type RedisAddress } from '@darkroom/contracts';
import { Redis, type RedisOptions } from 'ioredis';
import { epochKey } from '../keys.ts';
import { noteDuplicates } from './connection-family.ts';
import { createFindPrimary } from './find-primary.ts';
import { createGuidedConnector } from './guided-connector.ts';
import { gatherWrites } from './gather-writes.ts';
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
export const connectFailFast = (url: string, prefix?: string): Redis =>
  connect(url, prefix, false, {
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
export const connectPatient = (url: string, prefix?: string): Redis =>
  connect(url, prefix, true, { maxRetriesPerRequest: null, connectTimeout: 2000, socketTimeout: 12_000 });

/**
 * Connects a caller that only listens. `watchConnection` asks it something every few seconds, so that silence ends it sooner than a
 * worker's connection, which blocks. The caller subscribes anew at each "ready", because it must know when it hears again.
 */
export const connectSubscriber = (url: string, prefix?: string): Redis =>
  connect(url, prefix, true, { maxRetriesPerRequest: null, autoResubscribe: false, connectTimeout: 2000, socketTimeout: 4000 });

/**
 * Builds a connection. ioredis gets fields and never the text: it would prefer the query of a text to the options given here, and guess at
 * the path.
 * @param prefix First part of every key; an address of a cluster needs it, because it decides the node.
 * @throws ConfigError for a text that is no address of a Redis, or that names a file that cannot be read
 */
function connect(url: string, prefix: string | undefined, resend: boolean, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const address = readRedisAddress(url);
  if ('problem' in address) throw new ConfigError([{ path: 'REDIS_URL', message: address.problem }]);
  const { host, port, db, username, password, guides } = address;
  const tls = readTls(address);
  const login = defined({ username, password, tls });
  if (guides?.kind === 'cluster' && prefix === undefined) throw new Error('a connection to a cluster needs the prefix of its keys');
  const find =
    guides &&
    createFindPrimary(
      guides,
      guides.kind === 'cluster' ? login : defined({ username: guides.username, password: guides.password, tls }),
      epochKey(prefix ?? ''),
    );
  const redis: Redis = new Redis({
    host,
    port,
    db,
    ...login,
    ...(find === undefined ? {} : { Connector: createGuidedConnector(find, tls, common.disconnectTimeout) }),
    ...options,
    ...common,
    ...createReconnecting(resend, {
      refused: (error) => void redis.emit('refused', error),
      denied: (error) => void redis.emit('denied', error),
    }),
  });
  // Without a listener a connection error would end the process; each command reports it to its own caller anyway.
  redis.on('error', () => undefined);
  return noteDuplicates(gatherWrites(redis));
}

function readTls({ isTls, caFile, servername }: RedisAddress): ConnectionOptions | undefined {
  if (!isTls) return undefined;
  try {
    return defined({ ca: caFile === undefined ? undefined : readFileSync(caFile), servername });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // of `readFileSync`
    throw new ConfigError([{ path: 'REDIS_URL', message: `must name a file that can be read as ca= (${code})` }], { cause: error });
  }
}
