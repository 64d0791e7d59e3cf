import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { corruptRecordOf } from '../corrupt-entry.ts';
import { newerFormatOf } from './stored-format.ts';

/** A Lua script, sent by its hash and, if the server does not hold it, once in full. */
export interface LuaScript {
  /**
   * Runs the script.
   * @param key The one key that decides the slot; the script derives the others from the prefix.
   * @throws CorruptRecordError for a corrupt entry, NewerFormatError for a store of a later format; nothing was changed then.
   */
  run(redis: Redis, key: string, args: readonly (string | number)[]): Promise<unknown>;
}

export function createLuaScript(source: string): LuaScript {
  const sha = createHash('sha1').update(source).digest('hex');
  const evaluate = async (redis: Redis, key: string, args: readonly (string | number)[]): Promise<unknown> => {
    try {
      return await redis.evalsha(sha, 1, key, ...args);
    } catch (error) {
      // Refused before anything ran, so sending the source is not a second execution.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return await redis.eval(source, 1, key, ...args);
      throw error;
    }
  };
  return {
    async run(redis, key, args) {
      try {
        return await evaluate(redis, key, args);
      } catch (error) {
        throw newerFormatOf(error) ?? corruptRecordOf(error, key) ?? error;
      }
    },
  };
}
