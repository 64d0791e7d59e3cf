import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readingKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * Compares unread generations, from ARGV[2] on, each with how many names S3 holds. Replies those of which S3 holds more names than before the store was
 * opened, and then those of which it holds the same; nil while no rebuild reads.
 */
const compareUnreadScript = createLuaScript(/* lua */ `${prelude}
if not isReading() then return false end
local grown, same = {}, {}
for at = 2, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', prefix .. ':unread', ARGV[at]) or '')
  local list = known and (known < tonumber(ARGV[at + 1]) and grown or same) or {}
  list[#list + 1] = ARGV[at]
end
return { grown, same }
`);

const replySchema = z.tuple([z.array(z.string()), z.array(z.string())]).nullable();

/** Unread generations by how many names S3 holds of them. */
export interface ComparedUnread {
  /** With more than before the store was opened. */
  grown: ReadonlySet<string>;
  /** With the same: S3 has heard nothing of them since. */
  same: ReadonlySet<string>;
}

/** Compares unread generations with S3; undefined while no rebuild reads. @param names How many names S3 holds of each. */
export async function compareUnread(redis: Redis, prefix: string, names: ReadonlyMap<string, number>): Promise<ComparedUnread | undefined> {
  const reply = replySchema.parse(await compareUnreadScript.run(redis, readingKey(prefix), [prefix, ...[...names].flat()]));
  return reply === null ? undefined : { grown: new Set(reply[0]), same: new Set(reply[1]) };
}
