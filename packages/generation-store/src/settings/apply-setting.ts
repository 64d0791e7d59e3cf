import type { Redis } from 'ioredis';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments } from '../lua/named.ts';
import { UNRECORDED } from './restrictions.ts';

const given = nameArguments(['revision', 'carriedCount', 'unrecordedEnd', 'restricted', 'member'], 1);

/** After its arguments stand the carried restrictions, and then names and values in turn. Replies 1 if it wrote them, else 0. */
const applySettingScript = createLuaScript(/* lua */ `
${given.lua}
local unrecorded, fields = KEYS[1] .. unrecordedEnd, ${given.after} + tonumber(carriedCount)
local carried = {}
for at = ${given.after}, fields - 1 do carried[ARGV[at]] = true end
local standing = redis.pcall('LRANGE', unrecorded, 0, -1)
if standing.err then redis.call('DEL', unrecorded) standing = {} end
for _, entry in ipairs(standing) do if not carried[entry] then return 0 end end
local current = redis.pcall('HGET', KEYS[1], 'revision')
-- a key of another type, and an unreadable revision, are replaced
local isLater = type(current) == 'string' and (tonumber(current) or 0) > tonumber(revision)
if isLater then return 0 end
redis.call('DEL', KEYS[1], unrecorded)
if restricted ~= '' then redis.pcall('SREM', restricted, member) end
redis.call('HSET', KEYS[1], 'revision', revision, unpack(ARGV, fields))
return 1
`);

export interface AppliedSetting {
  revision: number;
  /** The unrecorded restrictions that the new fields contain. */
  carried: readonly string[];
  fields: Readonly<Record<string, string | number>>;
  /** End of the key of the list of unrecorded restrictions. */
  unrecordedEnd?: string;
  /** The set that names this setting while a restriction of it is unrecorded. */
  restricted?: { key: string; member: string };
}

/**
 * Replaces the fields of a setting, unless those in Redis are of a later revision. An equal revision is written again: S3 holds one content
 * for it, and the fields in Redis may have been changed by hand. Nothing is written while a restriction stands that the caller has not
 * seen: it would be undone.
 * @returns true if they were written.
 */
export async function applySetting(
  redis: Redis,
  key: string,
  { revision, carried, fields, unrecordedEnd = UNRECORDED, restricted }: AppliedSetting,
): Promise<boolean> {
  const named = given.list({
    revision,
    carriedCount: carried.length,
    unrecordedEnd,
    restricted: restricted?.key,
    member: restricted?.member,
  });
  return (await applySettingScript.run(redis, key, [...named, ...carried, ...Object.entries(fields).flat()])) === 1;
}
