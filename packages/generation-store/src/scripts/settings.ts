import { createLuaScript } from '../lua-script.ts';

/**
 * Puts the fields of a setting in the place of those that are there, unless those are of a later revision. An equal revision is
 * written again: S3 holds one content for it, and what Redis holds may have been changed by hand.
 * ARGV: revision, then names and values. Replies whether it was written.
 */
export const applySettingScript = createLuaScript(/* lua */ `
local current = redis.pcall('HGET', KEYS[1], 'revision')
-- a key of another type, and a revision that is none, are replaced
local isLater = type(current) == 'string' and (tonumber(current) or 0) > tonumber(ARGV[1])
if isLater then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'revision', unpack(ARGV))
return 1
`);

/**
 * Puts an operator's pause in the place of the one that is there, or lifts it, unless Redis knows a later revision or the pause is no
 * longer the one that was seen: one that another process made meanwhile must not be lifted by this.
 * ARGV: prefix | revision | the mark of the pause that was seen | the mark of the pause: '' for none, else "=" and its text. Replies whether it was written.
 */
export const applyPausesScript = createLuaScript(/* lua */ `
local recordedKey = ARGV[1] .. ':pauses'
local current = redis.pcall('HGET', recordedKey, 'revision')
if type(current) == 'string' and (tonumber(current) or 0) > tonumber(ARGV[2]) then return 0 end
local operator = redis.call('HGET', KEYS[1], 'operator')
if (operator and '=' .. operator or '') ~= ARGV[3] then return 0 end
redis.call('DEL', recordedKey)
redis.call('HSET', recordedKey, 'revision', ARGV[2], 'mark', ARGV[4])
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], 'operator') else redis.call('HSET', KEYS[1], 'operator', string.sub(ARGV[4], 2)) end
return 1
`);
