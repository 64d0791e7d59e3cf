import { defaultTiming, MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import { replyByName } from './named.ts';
import { revisions } from './revision.ts';
import { sound } from './sound.ts';
import { refuseNewerFormat } from './stored-format.ts';
import { timeline } from './timeline.ts';

/**
 * First part of every script, after the names of its arguments. KEYS[1] is the key of the generation (or any key of the shard) and ARGV[1]
 * the prefix. All other keys follow from the prefix, whose hash tag keeps them in the slot of KEYS[1]. Time is Redis time, so that the
 * clocks of the pods do not matter.
 */
export const prelude = /* lua */ `
local prefix = ARGV[1]
${refuseNewerFormat}
local function nowMs()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- 14 digits and more would be printed with an exponent. Once for each number: a script writes one moment, or one amount, into many fields
local printed = {}
local function int(value)
  local text = printed[value]
  if not text then
    text = string.format('%.0f', value)
    printed[value] = text
  end
  return text
end

-- adds a name and its value to a list of fields; none without a value
local function addGiven(list, name, value)
  if not value or value == '' then return end
  list[#list + 1] = name
  list[#list + 1] = value
end

-- ends the script with words that corruptRecordOf (corrupt-entry.ts) reads
local function corrupt(key, field)
  error('CORRUPT ' .. key .. ' ' .. field, 0)
end

-- its fields by name, if it is there, and names and values in turn
local function hash(key)
  local flat = redis.pcall('HGETALL', key)
  if flat.err then corrupt(key, 'type') end
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields, #flat > 0, flat
end

-- clocks of hosts agree to within this time; a later time was written before a clock went back
local CLOCKS_AGREE_MS = ${MAX_CLOCK_SKEW_MS}

-- How long ago the first send was is not known when its time lies ahead. It counts as too old to be repeated, and is looked for on
local function firstSendBefore(now, firstSentAt)
  local at = tonumber(firstSentAt)
  if at > now + CLOCKS_AGREE_MS then return now - ${defaultTiming.resendWindowMs} end
  return math.min(at, now)
end

local function submissionKey(id, index, n)
  return prefix .. ':submission:' .. id .. ':' .. index .. '-' .. n
end

-- the statuses of a generation that has not ended
local function isUnderWay(status)
  return status == 'queued' or status == 'running'
end

${timeline}
-- the name of a tenant as a part of a key or of a period: \`encodeTenant\` of contracts
local tenantParts = {}
local function tenantPart(tenant)
  if not tenantParts[tenant] then
    tenantParts[tenant] = string.gsub(tenant, '[^%w_.-]', function(letter) return string.format('~%02x', string.byte(letter)) end)
  end
  return tenantParts[tenant]
end

-- a rebuild has opened the store and reads on (recovery/reading.ts). A user with the rights of an earlier version may not ask: until all is read the
-- store has no epoch, and is closed to it
local function isReading()
  return redis.pcall('EXISTS', prefix .. ':reading') == 1
end

local function isOpen()
  return redis.call('EXISTS', prefix .. ':epoch') == 1 or isReading()
end

-- '' for a store that is not open. Scripts of this version never write a key epoch while a rebuild reads on, but a rebuild of an earlier
-- version does, and all its processes go by that key. The end of the reading keeps it (recovery/reading.ts), so it comes first here: the
-- epoch stays the same when a reading ends
local function epochOf()
  return redis.call('GET', prefix .. ':epoch') or isReading() and redis.call('HGET', prefix .. ':reading', 'epoch') or ''
end

-- why a generation of which Redis holds no entry may have been bought all the same: a rebuild that reads on may come upon it, or its records in
-- S3 are damaged and it stays unread (lua/damaged.ts). Replies reading, damaged or false
local function whyUnknown(id)
  -- a user with the rights of an earlier version may not ask
  local isUnread = redis.pcall('HEXISTS', prefix .. ':unread', id) == 1
  if not isReading() then return isUnread and 'damaged' end
  if isUnread then return 'reading' end
  -- in two parts: not every Lua reads 48 bits at once
  local high, low = tonumber(string.sub(id, 1, 8), 16), tonumber(string.sub(id, 10, 13), 16)
  local before = tonumber(redis.call('HGET', prefix .. ':reading', 'pastBefore') or '')
  return (not high or not low or not before or high * 65536 + low < before) and 'reading'
end

-- asked for once in a script, in which they cannot change
local ownNames = {}
local function ownName(section, field)
  if not ownNames[field] then
    local told = redis.call('INFO', section)
    -- a plain search: a pattern begins anew at each of its thousand characters
    local at = string.find(told, field .. ':', 1, true)
    ownNames[field] = at and string.match(told, '^%w+', at + #field + 1) or ''
  end
  return ownNames[field]
end

-- names one life of the server: another one after a restart, '' where a server has no such name
local function serverRun()
  return ownName('server', 'run_id')
end

-- names one history of its data: a server that became a replica and was promoted again tells another one, and may have taken over
-- the memory of a server that lagged. The run of a server stays the same then
local function replicationId()
  return ownName('replication', 'master_replid')
end

-- both, for those that ask
local function serverName()
  return serverRun() .. '/' .. replicationId()
end

-- A user with the rights of an earlier version may not ask, and does not notice
local function hasOtherHistory()
  local history = redis.pcall('GET', prefix .. ':server-history')
  return history ~= replicationId() and not (type(history) == 'table' and history.err)
end

-- true while this server's memory was not compared with S3: its last moments may be forgotten, holds among them. Nothing is
-- bought then, no sum of money is trusted, and no caller is told that something was never sent
local function recovering()
  return not isOpen() or redis.call('GET', prefix .. ':server-run') ~= serverRun() or hasOtherHistory()
end

-- notes that the memory of this server is whole. The name of its history has a key of its own, because workers of version 0.2.0 read
-- \`server-run\` alone
local function trustServer()
  redis.call('SET', prefix .. ':server-run', serverRun())
  redis.call('SET', prefix .. ':server-history', replicationId())
end

-- the name of this memory, for a script that knows that it was compared
local function comparedMemory()
  return redis.call('GET', prefix .. ':memory') or serverRun()
end

-- names a stretch in which this server has forgotten nothing: another one after each comparison with S3, '' until then. A server can
-- be replaced by another one and come back under its old name, without its last moments; so its name alone does not do
local function memoryId()
  if recovering() then return '' end
  return comparedMemory()
end

local function memoryCount(memory)
  return tonumber(string.match(memory, '/(%d+)$') or '') or 0
end

local function beginMemory()
  -- with the time: a memory that Redis went back to may begin another one of the same count
  local count = memoryCount(redis.call('GET', prefix .. ':memory') or '') + 1
  redis.call('SET', prefix .. ':memory', serverRun() .. ':' .. int(nowMs()) .. '/' .. int(count))
end

-- A process has seen a later state of this store than this one: the address leads to a server that another one has replaced, or an
-- older copy was brought into a running server, whose name stays the same. This memory has to be compared; the next one gets a later name.
-- Or this server was promoted while a cut-off one still took writes from this process; those writes are in S3 alone, so the next comparison begins
-- where the two servers parted. "partedAt" makes each such moment count once, because the clocks of the two servers may differ
local function noticeOlderMemory(seenEpoch, seenMemory, seenAt)
  if seenMemory == '' or epochOf() ~= seenEpoch then return end
  local memory = redis.call('GET', prefix .. ':memory') or ''
  local at = tonumber(redis.call('HGET', prefix .. ':checkpoint', 'at') or '') or 0
  local count, seen = memoryCount(memory), memoryCount(seenMemory)
  if count > seen then
    local begun = tonumber(string.match(memory, ':(%d+)/%d+$') or '') or math.huge
    local parted = tonumber(redis.call('HGET', prefix .. ':checkpoint', 'partedAt') or '') or 0
    if tonumber(seenAt) <= math.max(begun, parted) then return end
    local since = redis.call('HGET', prefix .. ':checkpoint', 'comparedSince')
    redis.call('HSET', prefix .. ':checkpoint', 'partedAt', seenAt, 'at', since or int(at))
    redis.call('DEL', prefix .. ':server-run')
    return
  end
  if memory == seenMemory and at >= tonumber(seenAt) then return end
  redis.call('DEL', prefix .. ':server-run')
  redis.call('SET', prefix .. ':memory', seenMemory)
end

${revisions}
local function publish(event, id, index, n, at, revision)
  local text = '{"event":"' .. event .. '","generationId":"' .. id .. '","at":' .. int(at)
  if index then text = text .. ',"index":' .. index .. ',"n":' .. n end
  if revision then text = text .. ',"revision":' .. revision end
  redis.call('PUBLISH', prefix .. ':events:' .. id, text .. '}')
end

-- a change that a caller can see
local function announce(event, id, index, n, at)
  local revision = raiseRevision(id)
  publish(event, id, index, n, at, revision)
  return revision
end
${replyByName}${sound}`;
