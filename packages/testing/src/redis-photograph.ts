import type { Redis } from 'ioredis';

const takeDown = /* lua */ `
local picture = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  picture[#picture + 1] = key
  picture[#picture + 1] = redis.call('DUMP', key)
  picture[#picture + 1] = math.max(0, redis.call('PTTL', key))
end
return picture
`;

const putBack = /* lua */ `
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do redis.call('DEL', key) end
for at = 2, #ARGV, 3 do redis.call('RESTORE', ARGV[at], ARGV[at + 2], ARGV[at + 1]) end
`;

/**
 * Copies all keys under a prefix at one moment, jobs included, with their times to live. @returns a function that restores the copy,
 * as a failover to a replica that was behind would.
 */
export async function photograph({ redis, prefix }: { redis: Redis; prefix: string }): Promise<() => Promise<void>> {
  const picture = (await redis.callBuffer('EVAL', takeDown, 0, prefix)) as Buffer[]; // the reply of `takeDown`
  return async () => void (await redis.call('EVAL', putBack, 0, prefix, ...picture));
}
