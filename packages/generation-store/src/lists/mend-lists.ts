import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { lists } from '../lua/lists.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import { MOST_ATTEMPTS, retries } from '../lua/retries.ts';

/**
 * Adds generations to the lists in which they are missing, and corrects their codes: processes of an earlier version know no lists. Replies
 * how many were missing somewhere. What is in a list to which it no longer belongs is passed by when the list is read.
 */
const mendListsScript = createLuaScript(/* lua */ `${prelude}${lists}${retries}
local function hasEntry(list, id)
  local score = redis.pcall('ZSCORE', list, id)
  -- a list of another type is no list: its next entry begins it anew
  if type(score) == 'table' and score.err then redis.call('DEL', list) end
  return type(score) == 'string'
end

-- adds a retry to the notes of its original, unless so many later ones stand there
local function mendNotes(id, createdAt, retry, seconds)
  local root, indexes = replacedBy(retry)
  local all = retriesAt(root, indexes[1])
  for _, each in ipairs(all) do if each.id == id then return end end
  if #all >= ${MOST_ATTEMPTS} then return end
  noteRetry(id, root, indexes, createdAt)
  retireFamily(id, retry, seconds)
end

local mended = 0
for at = 2, #ARGV do
  local id = ARGV[at]
  local key = prefix .. ':generation:' .. id
  local fields = redis.pcall('HMGET', key, 'status', 'tenant', 'createdAt', 'finishedAt', 'codes', 'images', 'labels', 'retryOf', 'replaces', 'retentionSeconds')
  -- the reconciler names an entry of another type, or without these, elsewhere
  if not fields.err and fields[1] and fields[2] and tonumber(fields[3] or '') and tonumber(fields[6] or '') then
    local generation = { status = fields[1], tenant = fields[2], createdAt = fields[3], finishedAt = fields[4] or nil, codes = fields[5] or nil, images = fields[6], labels = fields[7] or nil }
    local of = listsOf(generation.tenant)
    local isMissing = not hasEntry(of[1] .. generation.status, id) or not hasEntry(of[2] .. generation.status, id)
    for digest in string.gmatch(generation.labels or '', '%x+') do
      for _, list in ipairs(of) do isMissing = not hasEntry(list .. 'tag:' .. digest, id) or isMissing end
    end
    if not isUnderWay(generation.status) and (not generation.codes or generation.codes ~= '' or generation.status ~= 'succeeded') then
      if not generation.codes then redis.call('HSET', key, 'codes', '') end
      local whole = hash(key)
      listCodes(key, id, whole)
      isMissing = isMissing or whole.codes ~= generation.codes
    end
    -- a commit names notes that cannot be used
    if fields[8] and fields[9] then pcall(mendNotes, id, generation.createdAt, { retryOf = fields[8], replaces = fields[9] }, tonumber(fields[10] or '') or 0) end
    if isMissing then
      addToLists(id, generation)
      addToTags(id, generation)
      mended = mended + 1
    end
  end
end
return mended
`);

/**
 * Removes from a list (KEYS[1]) what has no entry any more, of some entries from a place on that are scored below a time. Replies how many it
 * looked at, and how many of them it removed.
 */
const cleanListScript = createNamedScript(['before', 'from', 'count'])(/* lua */ `${prelude}
local entries = redis.pcall('ZRANGE', KEYS[1], from, from + count - 1, 'WITHSCORES')
if entries.err then return { 0, 0 } end
local looked, gone = 0, {}
for at = 1, #entries, 2 do
  if tonumber(entries[at + 1]) >= tonumber(before) then break end
  looked = looked + 1
  if redis.call('EXISTS', prefix .. ':generation:' .. entries[at]) == 0 then gone[#gone + 1] = entries[at] end
end
if #gone > 0 then redis.call('ZREM', KEYS[1], unpack(gone)) end
return { looked, #gone }
`);

/** Entries in one step: about a millisecond of Redis. */
const CLEANED_AT_ONCE = 500;

/** Adds generations to the lists in which they are missing. @returns the number of those that were missing somewhere. */
export const mendLists = async (redis: Redis, prefix: string, generationIds: readonly string[]): Promise<number> =>
  generationIds.length === 0 ? 0 : z.number().parse(await mendListsScript.run(redis, openKey(prefix), [prefix, ...generationIds]));

/**
 * Removes from a list what has no entry any more.
 * @param list Its name behind `:list:`.
 * @param before Milliseconds since 1970: an entry of a later score is there still.
 */
export async function cleanList(redis: Redis, prefix: string, list: string, before: number): Promise<void> {
  const key = `${prefix}:list:${list}`;
  for (let from = 0; ;) {
    const reply = await cleanListScript.run(redis, key, prefix, { before: Math.floor(before), from, count: CLEANED_AT_ONCE });
    const [looked, gone] = z.tuple([z.number(), z.number()]).parse(reply);
    from += looked - gone;
    if (looked < CLEANED_AT_ONCE) return;
  }
}
