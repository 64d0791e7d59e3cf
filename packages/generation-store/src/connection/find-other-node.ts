import type { Redis } from 'ioredis';
import { duplicateOnce } from './duplicate-once.ts';
import { epochKey, readingKey } from '../keys.ts';

/** A server as it names itself. */
export interface RedisNode {
  /** `run_id` of INFO; '' where a server has none. */
  readonly run: string;
  readonly isPrimary: boolean;
  readonly holdsStore: boolean;
}

const LIMIT_MS = 2000;

/** Asks a server who it is. @throws when it does not answer. */
export async function readNode(redis: Redis, prefix: string): Promise<RedisNode> {
  const [server, replication, epoch] = await Promise.all([
    redis.info('server'),
    redis.info('replication'),
    redis.exists(epochKey(prefix), readingKey(prefix)),
  ]);
  return {
    run: /run_id:(\w+)/.exec(server)?.[1] ?? '',
    isPrimary: /role:master/.test(replication),
    holdsStore: epoch > 0,
  };
}

/**
 * Makes a fresh connection to the same address. @returns the primary that it leads to, if that is another server than the one of this
 * connection and holds the store (or this one does not either). An address that leads to replicas as well changes nothing.
 */
export async function findOtherNode(redis: Redis, prefix: string, own: RedisNode): Promise<RedisNode | undefined> {
  if (own.run === '') return undefined;
  const fresh = duplicateOnce(redis, LIMIT_MS);
  fresh.on('error', () => undefined);
  try {
    await fresh.connect();
    const other = await readNode(fresh, prefix);
    const isMeant = other.isPrimary && other.run !== '' && other.run !== own.run && (other.holdsStore || !own.holdsStore);
    return isMeant ? other : undefined;
  } catch {
    return undefined; // that no new connection can be had says nothing of this one
  } finally {
    fresh.disconnect();
  }
}
