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
 * Reads all settings, and takes the turn to ask S3 for them where no process took it within the time given. A key of another type reads as
 * an empty one: it holds no setting.
 * ARGV: prefix | the turn lasts so long, in milliseconds. Replies caps | limits | operator's pause | recorded revision and mark | the turn.
 */
export const lookAtSettingsScript = createLuaScript(/* lua */ `
local prefix, forMs = ARGV[1], tonumber(ARGV[2])
local function read(name)
  local flat = redis.pcall('HGETALL', prefix .. name)
  return flat.err and {} or flat
end
local recorded = redis.pcall('HMGET', prefix .. ':pauses', 'revision', 'mark')
local turn = prefix .. ':turn:settings'
-- a turn that lasts longer than it is ever given is one of a host whose clock was ahead
local isTaken = redis.call('EXISTS', turn) == 1 and redis.call('PTTL', turn) <= forMs
if not isTaken then redis.call('SET', turn, '1', 'PX', forMs) end
return {
  read(':caps'), read(':limits'), redis.call('HGET', prefix .. ':buying-paused', 'operator'), recorded.err and {} or recorded,
  isTaken and 0 or 1,
}
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
