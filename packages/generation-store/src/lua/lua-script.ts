import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { corruptRecordOf } from '../corrupt-entry.ts';
import { newerFormatOf } from './stored-format.ts';
import { withoutUnused } from './without-unused.ts';

/** A Lua script, sent by its hash and, if the server does not hold it, once in full. */
export interface LuaScript {
  /**
   * Runs the script.
   * @param key The one key that decides the slot; the script derives the others from the prefix.
   * @throws NewerFormatError for a store of a later format: nothing was changed. CorruptRecordError for a corrupt entry: scripts look at the
   * entries that they change before they write, but a key that is only written may be of another type, and what came before it is written.
   */
  run(redis: Redis, key: string, args: readonly (string | number)[]): Promise<unknown>;
}

/** @param text The script with all that it shares with others; what it does not name is left out. */
export function createLuaScript(text: string): LuaScript {
  let prepared: { source: string; sha: string } | undefined;
  // At its first call: a process makes a hundred scripts when it starts, and calls a few.
  const prepare = (): { source: string; sha: string } => {
    const source = withoutUnused(text);
    return { source, sha: createHash('sha1').update(source).digest('hex') };
  };
  const evaluate = async (redis: Redis, key: string, args: readonly (string | number)[]): Promise<unknown> => {
    const { source, sha } = (prepared ??= prepare());
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
