import type { Redis } from 'ioredis';
import { z } from 'zod';
import { leftUploadsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

/** Most uploads that wait for the eraser; a later pass of the reconciler hands over the others. */
const MAX_LEFT_UPLOADS = 100_000;

/** Notes uploads by Redis time. Replies those that did not wait yet, up to the bound. */
const handOverScript = createLuaScript(/* lua */ `${prelude}
local now, fresh = nowMs(), {}
local room = tonumber(ARGV[2]) - redis.call('ZCARD', KEYS[1])
for at = 3, #ARGV do
  if room > 0 and redis.call('ZADD', KEYS[1], 'NX', now, ARGV[at]) == 1 then
    room = room - 1
    fresh[#fresh + 1] = ARGV[at]
  end
end
return fresh
`);

/**
 * Hands uploads whose images are kept to the eraser, which deletes them. No worker may delete.
 * @param taskUUIDs At most a thousand.
 * @returns those that did not wait yet.
 */
export const handOverUploads = async (redis: Redis, prefix: string, taskUUIDs: readonly string[], most = MAX_LEFT_UPLOADS) =>
  z.array(z.string()).parse(await handOverScript.run(redis, leftUploadsKey(prefix), [prefix, most, ...taskUUIDs]));

/** Reads uploads that wait for the eraser, the oldest first. */
export const readLeftUploads = (redis: Redis, prefix: string, count: number): Promise<string[]> =>
  redis.zrange(leftUploadsKey(prefix), '0', String(count - 1));

/** Forgets uploads that the eraser has deleted. */
export const forgetLeftUploads = async (redis: Redis, prefix: string, taskUUIDs: readonly string[]): Promise<void> =>
  void (taskUUIDs.length > 0 && (await redis.zrem(leftUploadsKey(prefix), ...taskUUIDs)));

/** Counts the uploads that wait for the eraser. */
export const countLeftUploads = (redis: Redis, prefix: string): Promise<number> => redis.zcard(leftUploadsKey(prefix));
