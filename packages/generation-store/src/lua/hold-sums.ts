/**
 * Sums of all holds, made while money moves. A pass walks through the open generations in their order and adds up their holds; a script
 * that moves a hold of a generation behind the walk moves the sum too. So at each moment the sum of a period is that of the generations up
 * to the place of the walk. After the walk each period can be compared by itself.
 *
 * One hash, `hold-sums`, with a sum for each name of a period and these fields: `@holder` the pass that made it, `@score` and `@id` the
 * place of the walk ("" before its first entry, "all" after its last one), `@before` the moves of holds before it began, `@moves` the moves
 * that were followed since, `@until` the time until which they are followed if no step of the pass comes. A process of an earlier version
 * moves holds without following; the two numbers then disagree, and no period is compared. Sums of a dead pass lose their holder with the
 * first move after `@until`, grow no more, and the next pass unlinks them. A process of an earlier version lets its own sums expire
 * instead, and follows those of others without an end.
 */

/** Follows the sums. After the prelude; ARGV[2] of each script that moves a hold is the id of its generation. */
export const followHolds = /* lua */ `
local sumsKey, openKey = prefix .. ':hold-sums', prefix .. ':open'

local function sumsUnderWay()
  local state = redis.pcall('HMGET', sumsKey, '@holder', '@score', '@id', '@until')
  if state.err or not state[1] or not state[2] or not state[3] then return nil end
  if state[4] and nowMs() > (tonumber(state[4]) or 0) then
    redis.pcall('HDEL', sumsKey, '@holder')
    return nil
  end
  return { holder = state[1], score = state[2], id = state[3] }
end

local function isSummed(sums, id)
  local score = redis.pcall('ZSCORE', openKey, id)
  if type(score) ~= 'string' or sums.score == '' then return false end
  if sums.score == 'all' then return true end
  local at, reached = tonumber(score), tonumber(sums.score)
  return at < reached or at == reached and id <= sums.id
end

-- a move that cannot be followed ends the comparison, and no purchase
local function addToSum(field, amount)
  local reply = redis.pcall('HINCRBY', sumsKey, field, int(amount))
  if type(reply) == 'table' then redis.pcall('HDEL', sumsKey, '@holder') end
end

-- one move of holds, by the ids of their generations
local function followHolds(amounts, names)
  local sums = sumsUnderWay()
  if not sums then return end
  addToSum('@moves', 1)
  for id, amount in pairs(amounts) do
    if isSummed(sums, id) then
      for name in string.gmatch(names, '[^ ]+') do addToSum(name, amount) end
    end
  end
end
`;

/** Reads holds, for scripts that sum them up. After `followHolds`. */
export const readHolds = /* lua */ `
local HEAD = { 'images' }
for index = 0, 19 do HEAD[#HEAD + 1] = 'latest:' .. index end

-- Adds the holds of a generation to the table of sums. Replies the number of submissions examined, and if all could be read.
local function addHoldsOf(id, found)
  local head = redis.pcall('HMGET', prefix .. ':generation:' .. id, unpack(HEAD))
  if head.err then return 1, false end
  if not head[1] then return 1, true end
  local images = isWhole(head[1]) and tonumber(head[1]) or 0
  if images < 1 or images > 20 then return 1, false end
  local looked, isReadable = 0, true
  for index = 0, images - 1 do
    local latest = head[index + 2]
    latest = latest and isWhole(latest) and tonumber(latest) or 0
    if latest < 1 then isReadable = false end
    for n = 1, latest do
      looked = looked + 1
      local hold = redis.pcall('HMGET', submissionKey(id, index, n), 'held', 'reserved', 'periods')
      -- the loop must end: none follows a missing submission
      if hold.err or not hold[1] then isReadable = false break end
      if hold[1] == '1' then
        if isWhole(hold[2]) and hold[3] and hold[3] ~= '' then
          for name in string.gmatch(hold[3], '[^ ]+') do found[name] = (found[name] or 0) + tonumber(hold[2]) end
        else
          isReadable = false
        end
      end
    end
  end
  return math.max(looked, 1), isReadable
end

-- puts a generation back among the open ones, with all its holds
local function joinOpen(id, createdAt)
  if redis.call('ZSCORE', openKey, id) then return end
  redis.call('ZADD', openKey, createdAt, id)
  local sums = sumsUnderWay()
  if not sums or not isSummed(sums, id) then return end
  local found = {}
  addHoldsOf(id, found)
  for name, amount in pairs(found) do addToSum(name, amount) end
end
`;
