import { STORED_FORMAT } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { formatKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** The form in which processes write a store. */
export interface StoreFormat {
  /** Number that Redis keeps: every process writes this form. */
  written: number;
  /** Newest one that this build can write. */
  known: number;
}

const readFormatScript = createLuaScript(/* lua */ `${prelude}
return tonumber(redis.call('GET', KEYS[1]) or '1')
`);

/** Replies 1, or 0 if the number is as high already. One that this build does not know is refused by the prelude. */
const raiseFormatScript = createLuaScript(/* lua */ `${prelude}
if tonumber(redis.call('GET', KEYS[1]) or '1') >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`);

/** Reads the form in which processes write now. */
export const readStoreFormat = async (redis: Redis, prefix: string): Promise<StoreFormat> => ({
  written: number.parse(await readFormatScript.run(redis, formatKey(prefix), [prefix])),
  known: STORED_FORMAT,
});

/**
 * Lets processes write a form. Processes that do not know it use the store no more from then on.
 * @param format One that the bucket has recorded.
 * @returns true if it was a lower one before.
 */
export const raiseStoreFormat = async (redis: Redis, prefix: string, format: number): Promise<boolean> =>
  z.number().parse(await raiseFormatScript.run(redis, formatKey(prefix), [prefix, format])) === 1;
