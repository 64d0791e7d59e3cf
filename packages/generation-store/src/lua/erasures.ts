/**
 * Erasures. `:erasures` is a sorted set of the generations that the eraser must sweep, by the time at which it is due. `:erasure:<id>` holds
 * the request to erase a generation and what became of it: `requestedAt`, `tenant` (of the caller, or of the generation once it is known),
 * `isForced` (an open one too), `erasedAt`, `sweptUntil`. After the prelude.
 */
export const erasures = /* lua */ `
local function erasureKey(id) return prefix .. ':erasure:' .. id end

-- a tombstone of which Redis knows nothing: the eraser sweeps it again
local function noteTombstone(id, tenant, erasedAt, now)
  -- one that is under way says by itself when the generation is erased
  if redis.call('ZSCORE', prefix .. ':erasures', id) then return 0 end
  if redis.call('HSETNX', erasureKey(id), 'erasedAt', erasedAt) == 0 then return 0 end
  redis.call('HSETNX', erasureKey(id), 'requestedAt', erasedAt)
  redis.call('HSETNX', erasureKey(id), 'tenant', tenant)
  return redis.call('ZADD', prefix .. ':erasures', int(now), id)
end

-- what comes home of an erased generation is booked and not kept: each script that commits, settles or restores a part of one calls this
local function eraseAgain(id, now)
  if redis.pcall('EXISTS', erasureKey(id)) == 1 then redis.pcall('ZADD', prefix .. ':erasures', int(now), id) end
end
`;
