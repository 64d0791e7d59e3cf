import { defined } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { openImages } from '../lua/open-images.ts';
import { openPages } from '../lua/open-pages.ts';
import { prelude } from '../lua/prelude.ts';

/** Removes from a page of the open images the names without an open image of that tenant. Replies how many, and the place of the next page. */
const pageScript = createNamedScript(['after', 'count'])(/* lua */ `${prelude}${openImages}${openPages}
-- a key of another type counts nothing: the next image begins it anew
if type(redis.pcall('ZCARD', openImagesKey)) == 'table' then redis.call('DEL', openImagesKey) end
local entries = pageAfter(openImagesKey, after == '' and '' or '0', after, tonumber(count))
local left = 0
for at = 1, #entries, 2 do
  local owner, id, index = string.match(entries[at], '^(.*)/(.*)/(%d+)$')
  local fields = id and redis.pcall('HMGET', prefix .. ':generation:' .. id, 'tenant', 'image:' .. index) or {}
  -- an unreadable generation is named elsewhere, and its images may be open
  local isOpen = fields.err or fields[1] and tenantPart(fields[1]) == owner and fields[2] == 'open' and entries[at + 1] == '0'
  if not isOpen then left = left + redis.call('ZREM', openImagesKey, entries[at]) end
end
return named({ left = left, after = #entries == 2 * tonumber(count) and entries[#entries - 1] or nil })
`);

const pageSchema = namedReply(z.object({ left: number, after: z.string().optional() }));

/** A page of the open images that was put right. */
export interface OpenImagesPage {
  /** Names that were removed, because no image of theirs is open. */
  left: number;
  /** Last name of the page; absent after the last page. */
  next?: string;
}

/** Removes what is not open from a page of the open images. @param after Last name of the page before. */
export async function mendOpenImagesPage(redis: Redis, prefix: string, count: number, after?: string): Promise<OpenImagesPage> {
  const { left, after: next } = pageSchema.parse(await pageScript.run(redis, openKey(prefix), prefix, { after, count }));
  return { left, ...defined({ next }) };
}
