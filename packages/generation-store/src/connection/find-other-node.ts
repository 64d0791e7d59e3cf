import type { Redis } from 'ioredis';
import { epochKey, readingKey } from '../keys.ts';
import type { RedisProcess } from '../rights/redis-rights.ts';
import { duplicateOnce } from './duplicate-once.ts';
import { isRefusedRight } from './redis-trouble.ts';

/** A server by its own words. */
export interface RedisNode {
  /** `run_id` of INFO; '' where a server has none. */
  readonly run: string;
  readonly isPrimary: boolean;
  readonly holdsStore: boolean;
}

const LIMIT_MS = 2000;

/**
 * Asks a server for its name.
 * @throws when it does not answer.
 */
export async function readNode(redis: Redis, prefix: string, process?: RedisProcess): Promise<RedisNode> {
  const [server, replication, epoch] = await Promise.all([redis.info('server'), redis.info('replication'), redis.exists(epochKey(prefix))]);
  return {
    run: /run_id:(\w+)/.exec(server)?.[1] ?? '',
    isPrimary: /role:master/.test(replication),
    holdsStore: epoch === 1 || (mayAskReading(process) && (await isReading(redis, prefix))),
  };
}

/**
 * Returns true for processes with a right to ask. Receivers and dashboards have none, so that their rights of an earlier version suffice.
 */
const mayAskReading = (process: RedisProcess | undefined): boolean => process !== 'receiver' && process !== 'dashboard';

/** Returns true while a rebuild that has opened the store reads on; false for a producer with the rights of an earlier version. */
async function isReading(redis: Redis, prefix: string): Promise<boolean> {
  try {
    return (await redis.exists(readingKey(prefix))) === 1;
  } catch (error) {
    if (isRefusedRight(error)) return false;
    throw error;
  }
}

/**
 * Makes a fresh connection to the same address. An address that leads to replicas as well changes nothing.
 * @returns the primary behind the address, if it is another server than that of this connection and holds the store (or this one does not
 * hold it either).
 */
export async function findOtherNode(redis: Redis, prefix: string, own: RedisNode, process?: RedisProcess): Promise<RedisNode | undefined> {
  if (own.run === '') return undefined;
  const fresh = duplicateOnce(redis, LIMIT_MS);
  fresh.on('error', () => undefined);
  try {
    await fresh.connect();
    const other = await readNode(fresh, prefix, process);
    const isMeant = other.isPrimary && other.run !== '' && other.run !== own.run && (other.holdsStore || !own.holdsStore);
    return isMeant ? other : undefined;
  } catch {
    return undefined; // a failed new connection says nothing of this one
  } finally {
    fresh.disconnect();
  }
}
