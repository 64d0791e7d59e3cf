import { DEFAULT_TASKS_AT_PROVIDER, TASK_AT_PROVIDER_MS } from '@darkroom/contracts';

/**
 * Submissions that may be under way at the provider: one sorted set, `tasks-at-provider`, kept by the scripts that move a submission. A
 * submission has a place from the commit of its first send until nothing of it is under way: its sends were all refused, the provider says
 * that the task is done, or it ended. A submission without a known outcome has a place for half an hour after its last send: the provider
 * is done with the task by then, and a few of these would hold up the fleet until the horizon. Each place has a name, so that taking or
 * leaving it twice changes nothing. The score is the last time at which the place was seen in use. After the prelude.
 */
export const tasksAtProvider = /* lua */ `
local tasksKey = prefix .. ':tasks-at-provider'

local function takePlace(id, index, n, now)
  redis.pcall('ZADD', tasksKey, int(now), id .. '/' .. index .. '-' .. n)
end

local function leavePlace(id, index, n)
  redis.pcall('ZREM', tasksKey, id .. '/' .. index .. '-' .. n)
end

local function isAtProvider(status, succeededSeenAt, sentAt, now)
  if status ~= 'committed' and status ~= 'accepted' or succeededSeenAt then return false end
  return now - (tonumber(sentAt or '') or now) < ${TASK_AT_PROVIDER_MS}
end

-- gives a submission the place that its entry says it needs, or takes it away
local function followPlace(id, index, n, now)
  local read = redis.pcall('HMGET', submissionKey(id, index, n), 'status', 'succeededSeenAt', 'sentAt', 'firstSentAt')
  if not read.err and isAtProvider(read[1], read[2], read[3] or read[4], now) then takePlace(id, index, n, now) else leavePlace(id, index, n) end
end

local function taskLimit()
  local limit = redis.pcall('HGET', prefix .. ':limits', 'tasksAtProvider')
  return type(limit) == 'string' and string.find(limit, '^%d+$') and tonumber(limit) or ${DEFAULT_TASKS_AT_PROVIDER}
end

-- A place that was left behind is found when the provider is full: a few places at a time are examined that were not looked at for a
-- minute, or whose last look lies in the future because a clock went back
local function tidyPlaces(now)
  local from, to = int(now - 60000), '(' .. int(now + CLOCKS_AGREE_MS)
  for _, range in ipairs({ { '-inf', from }, { to, '+inf' } }) do
    for _, name in ipairs(redis.call('ZRANGEBYSCORE', tasksKey, range[1], range[2], 'LIMIT', 0, 5)) do
      local id, index, n = string.match(name, '^(.+)/(%d+)-(%d+)$')
      if id then followPlace(id, index, n, now) else redis.call('ZREM', tasksKey, name) end
    end
  end
end

-- whether the fleet may send no other task; one that has a place keeps it
local function isProviderFull(id, index, n, now)
  local own = redis.pcall('ZSCORE', tasksKey, id .. '/' .. index .. '-' .. n)
  -- a key of another type is forgotten: the reconciler gives each submission its place again
  if type(own) == 'table' then redis.call('DEL', tasksKey) end
  if type(own) == 'string' then return false end
  local limit = taskLimit()
  if redis.call('ZCARD', tasksKey) < limit then return false end
  tidyPlaces(now)
  return redis.call('ZCARD', tasksKey) >= limit
end
`;
