import type { Redis } from 'ioredis';
import { z } from 'zod';
import { workerSeenKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { workerLife } from '../lua/worker-life.ts';

const nullableNumber = z.union([z.null(), number]);

const noteScript = createLuaScript(/* lua */ `${prelude}
redis.call('SET', KEYS[1], int(nowMs()))
`);

const silentScript = createLuaScript(/* lua */ `${prelude}${workerLife}
local since = noWorkerSince(nowMs())
return since and int(since)
`);

/** Gives a sign of life of a worker. */
export const noteWorkerSeen = async (redis: Redis, prefix: string): Promise<void> =>
  void (await noteScript.run(redis, workerSeenKey(prefix), [prefix]));

/** Reads the last sign of life of a worker, in milliseconds since 1970 by Redis time; 0 if there is none. */
export const readWorkerSeen = async (redis: Redis, prefix: string): Promise<number> => Number(await redis.get(workerSeenKey(prefix))) || 0;

/** Returns the last sign of life of a worker, 0 without one, if no worker is alive; else undefined. */
export const findNoWorkerSince = async (redis: Redis, prefix: string): Promise<number | undefined> =>
  nullableNumber.parse(await silentScript.run(redis, workerSeenKey(prefix), [prefix])) ?? undefined;
