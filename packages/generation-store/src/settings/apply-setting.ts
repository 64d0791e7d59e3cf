import { createLuaScript } from '../lua/lua-script.ts';
import { UNRECORDED } from './restrictions.ts';

/**
 * Replaces the fields of a setting, unless those in Redis are of a later revision. An equal revision is written again: S3 holds one content
 * for it, and the fields in Redis may have been changed by hand. Nothing is written while a restriction stands that the caller has not
 * seen: it would be undone.
 * ARGV: how many unrecorded restrictions this carries | those | revision, then names and values. Replies if it was written.
 */
export const applySettingScript = createLuaScript(/* lua */ `
local unrecorded, first = KEYS[1] .. '${UNRECORDED}', tonumber(ARGV[1]) + 2
local carried = {}
for at = 2, first - 1 do carried[ARGV[at]] = true end
local standing = redis.pcall('LRANGE', unrecorded, 0, -1)
if standing.err then redis.call('DEL', unrecorded) standing = {} end
for _, entry in ipairs(standing) do if not carried[entry] then return 0 end end
local current = redis.pcall('HGET', KEYS[1], 'revision')
-- a key of another type, and an unreadable revision, are replaced
local isLater = type(current) == 'string' and (tonumber(current) or 0) > tonumber(ARGV[first])
if isLater then return 0 end
redis.call('DEL', KEYS[1], unrecorded)
redis.call('HSET', KEYS[1], 'revision', unpack(ARGV, first))
return 1
`);
