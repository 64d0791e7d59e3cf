import type { Redis } from 'ioredis';
import { hearRefusal } from '../connection/hear-refusal.ts';
import { redisTroubleOf, type RedisTrouble } from '../connection/redis-trouble.ts';
import type { RedisProcess } from './redis-rights.ts';
import { findRightsTrouble } from './rights-trouble.ts';

/** Checks if the user of a connection has the rights of its process. */
export interface RightsWatch {
  /** Checks anew: a new connection may lead to a server with other users. */
  ask(): void;
  /** Checks again; if that fails, the earlier result stays. */
  askAgain(): void;
  /** Returns the missing rights, or why they cannot be checked; undefined if none is missing. Waits for a check under way. */
  trouble(): Promise<RedisTrouble | undefined>;
}

/**
 * Watches rights.
 * @param process Absent: nothing is checked.
 */
export function watchRights(redis: Redis, process: RedisProcess | undefined, prefix: string): RightsWatch {
  let known: Promise<RedisTrouble | undefined> = Promise.resolve(undefined);
  const look = async (): Promise<RedisTrouble | undefined> =>
    process === undefined ? undefined : findRightsTrouble(redis, process, prefix);
  // It asks over a connection of its own, for which Redis may have no room.
  const whyNotAsked = async (error: unknown): Promise<RedisTrouble> => {
    const trouble = redisTroubleOf(error);
    return trouble.reason === 'closed' ? ((await hearRefusal(redis.options)) ?? trouble) : trouble;
  };
  return {
    ask() {
      known = look().catch(whyNotAsked);
    },
    askAgain() {
      const before = known;
      known = look().catch(() => before);
    },
    trouble: () => known,
  };
}
