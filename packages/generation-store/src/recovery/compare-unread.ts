import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readingKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments, namedReply } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

const given = nameArguments(['id', 'names']);

/** Compares unread generations, a group for each with how many names S3 holds. Replies nil while no rebuild reads. */
const compareUnreadScript = createLuaScript(/* lua */ `${prelude}
if not isReading() then return false end
local grown, same = {}, {}
${given.each()}
  local known = tonumber(redis.call('HGET', prefix .. ':unread', id) or '')
  local list = known and (known < tonumber(names) and grown or same) or {}
  list[#list + 1] = id
end
return named({ grown = grown, same = same })
`);

const ids = z.array(z.string()).transform((list): ReadonlySet<string> => new Set(list));
const replySchema = namedReply(z.object({ grown: ids, same: ids })).nullable();

/** Unread generations by how many names S3 holds of them. */
export interface ComparedUnread {
  /** With more than before the store was opened. */
  grown: ReadonlySet<string>;
  /** With the same: S3 has heard nothing of them since. */
  same: ReadonlySet<string>;
}

/** Compares unread generations with S3; undefined while no rebuild reads. @param names How many names S3 holds of each. */
export async function compareUnread(redis: Redis, prefix: string, names: ReadonlyMap<string, number>): Promise<ComparedUnread | undefined> {
  return replySchema.parse(await compareUnreadScript.run(redis, readingKey(prefix), [prefix, ...[...names].flat()])) ?? undefined;
}
