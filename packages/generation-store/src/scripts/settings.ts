import { createLuaScript } from '../lua-script.ts';
import { money } from './money.ts';
import { prelude } from './prelude.ts';
import { sound } from './sound.ts';

/** Ends the key of a setting: the list of the restrictions that Redis alone holds. */
export const UNRECORDED = '-unrecorded';

/**
 * Puts the fields of a setting in the place of those that are there, unless those are of a later revision. An equal revision is
 * written again: S3 holds one content for it, and what Redis holds may have been changed by hand. Nothing is written while a
 * restriction stands that the caller has not seen: it would be undone.
 * ARGV: how many unrecorded restrictions this carries | those | revision, then names and values. Replies whether it was written.
 */
export const applySettingScript = createLuaScript(/* lua */ `
local unrecorded, first = KEYS[1] .. '${UNRECORDED}', tonumber(ARGV[1]) + 2
local carried = {}
for at = 2, first - 1 do carried[ARGV[at]] = true end
local standing = redis.pcall('LRANGE', unrecorded, 0, -1)
if standing.err then redis.call('DEL', unrecorded) standing = {} end
for _, entry in ipairs(standing) do if not carried[entry] then return 0 end end
local current = redis.pcall('HGET', KEYS[1], 'revision')
-- a key of another type, and a revision that is none, are replaced
local isLater = type(current) == 'string' and (tonumber(current) or 0) > tonumber(ARGV[first])
if isLater then return 0 end
redis.call('DEL', KEYS[1], unrecorded)
redis.call('HSET', KEYS[1], 'revision', unpack(ARGV, first))
return 1
`);

/**
 * Lowers caps in Redis alone, and notes that for a worker to record. A cap that is as low already stays.
 * ARGV: prefix, then names and values. Replies whether one was lowered; never where Redis does not hold the caps.
 */
export const restrictCapsScript = createLuaScript(/* lua */ `${prelude}${sound}${money}
soundCaps()
local caps = capsOf()
if not caps then return 0 end
local names, entry = caps.names, nil
for at = 2, #ARGV, 2 do
  local name, value = ARGV[at], ARGV[at + 1]
  if not caps[name] or tonumber(value) < tonumber(caps[name]) then
    if names and not caps[name] then names = names .. ' ' .. name end
    redis.call('HSET', KEYS[1], name, value)
    entry = (entry or int(nowMs()) .. ' ' .. (caps.revision or '0')) .. ' ' .. name .. ' ' .. value
  end
end
if not entry then return 0 end
if names then redis.call('HSET', KEYS[1], 'names', names) end
redis.call('RPUSH', KEYS[1] .. '${UNRECORDED}', entry)
return 1
`);

/** Lowers the limit of tasks in Redis alone, likewise. ARGV: prefix | limit | the default. Replies whether it was lowered. */
export const restrictLimitsScript = createLuaScript(/* lua */ `${prelude}
local limits = hash(KEYS[1])
local current = tonumber(limits.tasksAtProvider or ARGV[3]) or 0
if tonumber(ARGV[2]) >= current then return 0 end
redis.call('HSET', KEYS[1], 'tasksAtProvider', ARGV[2])
redis.call('RPUSH', KEYS[1] .. '${UNRECORDED}', int(nowMs()) .. ' ' .. (limits.revision or '0') .. ' tasksAtProvider ' .. ARGV[2])
return 1
`);

/**
 * Reads all settings, and takes the turn to ask S3 for them where no process took it within the time given. A key of another type reads as
 * an empty one: it holds no setting.
 * ARGV: prefix | the turn lasts so long, in milliseconds. Replies caps | limits | operator's pause | recorded revision and mark | the turn |
 * whether a restriction is not recorded.
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
local function waits(name) return redis.call('EXISTS', prefix .. name .. '${UNRECORDED}') end
return {
  read(':caps'), read(':limits'), redis.call('HGET', prefix .. ':buying-paused', 'operator'), recorded.err and {} or recorded,
  isTaken and 0 or 1, math.max(waits(':caps'), waits(':limits')),
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
