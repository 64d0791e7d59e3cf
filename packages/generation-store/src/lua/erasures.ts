/**
 * Erasures. `:erasures` is a sorted set of the generations that the eraser must sweep, by the time at which it is due. `:erasure:<id>` holds
 * the request to erase a generation and what became of it: `requestedAt`, `tenant` (of the caller, or of the generation once it is known),
 * `isForced` (an open one too), `erasedAt`, `sweptUntil`, and `bulks` (the bulk erasures that wait for it). `isNoted` says that only its tombstone
 * asked, `aged` that its age did: for "all", or for the "requests" alone, `keepsImages` that the images were left, and `told` that the event of the
 * erasure was told. After the prelude.
 *
 * `:erasure:<id>` of a bulk erasure has `kind` "bulk", what it erases (`tenant`, `tag` as its digest), its `step` with the `place` up to which it
 * has looked, and counts: `found`, `erased`, `left` (open ones, which `:erasure:<id>:open` names up to a bound) and `gone` (not to be erased after
 * all). `:bulk-erasures` is a sorted set of those that are under way, by the time of their last turn.
 */
export const erasures = /* lua */ `
local function erasureKey(id) return prefix .. ':erasure:' .. id end

-- the erasure of a generation, and if there is one; a key of another type tells nothing, and the next request begins anew
local function erasureOf(id)
  if redis.pcall('HGETALL', erasureKey(id)).err then redis.call('DEL', erasureKey(id)) end
  return hash(erasureKey(id))
end

-- a tombstone of which Redis knows nothing: the eraser sweeps it again
local function noteTombstone(id, tenant, erasedAt, now)
  -- one that is under way says by itself when the generation is erased
  if redis.call('ZSCORE', prefix .. ':erasures', id) then return 0 end
  erasureOf(id)
  if redis.call('HSETNX', erasureKey(id), 'erasedAt', erasedAt) == 0 then return 0 end
  redis.call('HSETNX', erasureKey(id), 'requestedAt', erasedAt)
  redis.call('HSETNX', erasureKey(id), 'tenant', tenant)
  redis.call('HSET', erasureKey(id), 'isNoted', 1)
  return redis.call('ZADD', prefix .. ':erasures', int(now), id)
end

-- what comes home of an erased generation is booked and not kept: each script that commits, settles or restores a part of one calls this
local function eraseAgain(id, now)
  if redis.pcall('EXISTS', erasureKey(id)) == 1 then redis.pcall('ZADD', prefix .. ':erasures', int(now), id) end
end

-- a sweep by age left the images, or only a tombstone tells of the erasure: until the next sweep something may be left
local function mayBeLeft(erasure)
  return erasure.keepsImages or erasure.isNoted and not erasure.told
end

-- a caller asks for all of it
local function askForAll(id, erasure, now)
  local key = erasureKey(id)
  local isSound = isWhole(erasure.erasedAt or '0') and isWhole(erasure.sweptUntil or '0')
  if mayBeLeft(erasure) or not isSound then redis.call('HDEL', key, 'erasedAt', 'sweptUntil', 'keepsImages', 'told') end
  if erasure.isForced and erasure.isForced ~= '1' then redis.call('HDEL', key, 'isForced') end
  if not isWhole(erasure.requestedAt) or erasure.isNoted or erasure.aged then redis.call('HSET', key, 'requestedAt', int(now)) end
  redis.call('HDEL', key, 'isNoted', 'aged')
  redis.call('PERSIST', key)
end

-- counts a generation in the bulk erasures that wait for it, each of which then waits no more
local function countForBulks(id, erasure, field)
  for bulk in string.gmatch(erasure.bulks or '', '%S+') do
    -- one that is over or lost counts no more
    if redis.call('HEXISTS', erasureKey(bulk), 'step') == 1 then redis.call('HINCRBY', erasureKey(bulk), field, 1) end
  end
  redis.call('HDEL', erasureKey(id), 'bulks')
end
`;

/** Names the retries of a generation. After the prelude. */
export const retriesOf = /* lua */ `
local function retriesOf(id)
  local all, seen = {}, {}
  local families = redis.pcall('HGETALL', prefix .. ':retries:' .. id)
  if families.err then return all end
  for _, words in ipairs(families) do
    for retry in string.gmatch(words, '([%x-]+)/%d+/%d+') do
      if retry ~= id and not seen[retry] then
        seen[retry] = true
        all[#all + 1] = retry
      end
    end
  end
  return all
end
`;
