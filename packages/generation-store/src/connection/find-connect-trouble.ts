import type { Redis } from 'ioredis';
import { duplicateOnce } from './duplicate-once.ts';
import { redisTroubleOf, type RedisTrouble } from './redis-trouble.ts';

const LIMIT_MS = 2000;

/**
 * Finds why a connection is open and not ready: ioredis waits silently while Redis loads its data. Asks over a fresh connection.
 * @returns undefined if Redis answers it.
 */
export async function findConnectTrouble(redis: Redis): Promise<RedisTrouble | undefined> {
  const fresh = duplicateOnce(redis, LIMIT_MS, { enableReadyCheck: false });
  let met: unknown;
  fresh.on('error', (error: unknown) => (met = error));
  try {
    await fresh.connect();
    await fresh.ping();
    return undefined;
  } catch (error) {
    return redisTroubleOf(met ?? error);
  } finally {
    fresh.disconnect();
  }
}
