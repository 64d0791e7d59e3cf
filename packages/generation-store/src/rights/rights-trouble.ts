import type { Redis } from 'ioredis';
import type { RedisTrouble } from '../connection/redis-trouble.ts';
import { redisUserOf } from './acl-rules.ts';
import { findMissingRights, type MissingRight } from './find-missing-rights.ts';
import type { RedisProcess } from './redis-rights.ts';

/**
 * Checks if the user of a connection has the rights of a process.
 * @throws the trouble of the connection.
 */
export async function findRightsTrouble(redis: Redis, process: RedisProcess, prefix: string): Promise<RedisTrouble | undefined> {
  const missing = (await findMissingRights(redis, process, prefix)) ?? [];
  return missing.length === 0 ? undefined : rightsTroubleOf(missing, process, redis.options.username ?? 'default');
}

/**
 * Names the rights that a user lacks, and an operator's way to give them.
 * @param user Its name in Redis.
 */
function rightsTroubleOf(missing: readonly MissingRight[], process: RedisProcess, user: string): RedisTrouble {
  const words = missing.map((right) =>
    right.commands[0] === 'multi'
      ? 'multi, with which the others are looked at'
      : right.pattern === undefined
        ? right.commands.join(' ')
        : `${right.commands.join(' ')} on ${isOfChannels(right) ? 'channels ' : ''}${right.pattern}`,
  );
  return {
    reason: 'no-permission',
    words: `the Redis user "${user}" lacks rights that the ${process} needs: ${words.join('; ')}`,
    cure: `give "${user}" the rights of ${redisUserOf(process)} in infra/redis/darkroom.acl; it lacks: ACL SETUSER ${user} ${rulesOf(missing).join(' ')}`,
  };
}

/** Rules that add the missing rights. */
const rulesOf = (missing: readonly MissingRight[]): string[] =>
  missing.flatMap((right) => {
    const { commands, pattern } = right;
    const rules = commands.map((command) => `+${command}`);
    if (pattern === undefined) return rules;
    return isOfChannels(right) ? [...rules, `&${pattern}`] : [`(${[...rules, `~${pattern}`].join(' ')})`];
  });

const isOfChannels = ({ commands }: MissingRight): boolean => commands.some((command) => command === 'publish' || command === 'subscribe');
