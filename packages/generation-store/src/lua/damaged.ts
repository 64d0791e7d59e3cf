/**
 * Generations with damaged records in S3 and, since a rebuild, without an entry in Redis. They stay among the unread ones (`:unread`,
 * recovery/reading.ts) as "damaged <worst price in nano-USD> <tenant:digest of the idempotency key, or -> <key in S3>", even when all else
 * is read. Their ids and idempotency keys are refused, and caps count their worst price (`unreadIn` of lua/money.ts). The hash
 * `:unread-money` holds the sum of these prices (`@damaged`), their number (`@damagedIds`), and the last day and month in which one of them
 * may have been bought (`@untilDay`, `@untilMonth`). The hash `:damaged` names them, each with the price that counts beside the sums of the
 * ledger: all of it if a rebuild has left the generation out before it opened the store, because some of its purchases may be younger than
 * the sums; else 0. `@besideSums` is the sum of these.
 *
 * A process of an earlier version looks at `:unread` only while a rebuild reads on. Once the reading has ended such a process accepts an
 * enqueue under such an id or key, and its caps do not count the price, until it has ended itself. S3 already holds an intent under such an
 * id, so a worker does not send for it; another id under the same key would be bought.
 */
export const damaged = /* lua */ `
local unreadKey, unreadMoneyKey, damagedKey = prefix .. ':unread', prefix .. ':unread-money', prefix .. ':damaged'

local function countDamaged()
  return tonumber(redis.call('HGET', unreadMoneyKey, '@damagedIds') or '') or 0
end

-- worst price and idempotency key; nil for every other one
local function damageOf(id)
  return string.match(redis.call('HGET', unreadKey, id) or '', '^damaged (%d+) (%S+)')
end

-- it can be read again, or is given up
local function forgetDamaged(id)
  local most, key = damageOf(id)
  if not most then return false end
  key = prefix .. ':idempotency:' .. key
  local taken = redis.call('HMGET', key, 'generationId', 'requestDigest')
  if taken[1] == id and taken[2] == '' then redis.call('DEL', key) end
  redis.call('HDEL', unreadKey, id)
  local beside = tonumber(redis.call('HGET', damagedKey, id) or '') or 0
  if beside > 0 then redis.call('HINCRBY', unreadMoneyKey, '@besideSums', int(-beside)) end
  redis.call('HDEL', damagedKey, id)
  redis.call('HINCRBY', unreadMoneyKey, '@damaged', '-' .. most)
  if redis.call('HINCRBY', unreadMoneyKey, '@damagedIds', -1) == 0 and redis.call('EXISTS', prefix .. ':epoch') == 1 then
    redis.call('UNLINK', unreadKey, unreadMoneyKey)
  end
  return true
end
`;
