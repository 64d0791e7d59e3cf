import type { Redis } from 'ioredis';
import { prepareSockets } from './prepare-sockets.ts';
import { redisTroubleOf } from './redis-trouble.ts';

/**
 * A connection and its duplicates, such as BullMQ's blocking ones. They use the same address, and are replaced together once the address
 * leads elsewhere.
 */
const families = new WeakMap<Redis, Set<Redis>>();

/** Notes every duplicate of this connection. */
export function noteDuplicates(redis: Redis): Redis {
  const duplicates = new Set<Redis>();
  families.set(redis, duplicates);
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (override) => {
    const made = prepareSockets(stayInDatabase(duplicate(override)));
    duplicates.add(made);
    made.once('end', () => duplicates.delete(made));
    return made;
  };
  return prepareSockets(stayInDatabase(redis));
}

/** Gives up a connection whose database does not exist: ioredis reports that and goes on in database 0 (6.0, `getHandshakeCommands`). */
function stayInDatabase(redis: Redis): Redis {
  return redis.on('error', (error: unknown) => {
    if (redisTroubleOf(error).reason === 'wrong-database') redis.disconnect(true);
  });
}

/** Replaces the connection and its duplicates. Commands under way are sent again or fail, as each connection's options say. */
export function replaceFamily(redis: Redis): void {
  for (const each of [redis, ...(families.get(redis) ?? [])]) {
    if (each.status === 'ready' || each.status === 'connect') each.disconnect(true);
    // It may be connecting to the old node. ioredis never reconnects if `disconnect` comes before the socket exists (6.0, `StandaloneConnector`).
    else if (each.status === 'connecting') each.once('connect', () => each.disconnect(true));
  }
}
