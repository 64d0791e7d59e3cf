/**
 * The open images: the sorted set `:open-images` names each image that is neither home nor given up, as "<tenant>/<id>/<index>". All scores
 * are equal, so the names lie in the order of their bytes, and the images of one tenant can be counted (ZLEXCOUNT) like all of them (ZCARD),
 * each in O(log n). An image has a name and no number: a name that is added or removed twice changes nothing, and a name without an open
 * image is found by itself (recovery/mend-open-images.ts).
 *
 * A set that cannot be written, because its key is of another type or the user lacks the right, ends no script in its middle: the reconciler
 * puts it right. After the prelude.
 */
export const openImages = /* lua */ `
local openImagesKey = prefix .. ':open-images'

local function openImageName(id, tenant, index)
  return tenantPart(tenant) .. '/' .. id .. '/' .. index
end

-- true if the set said otherwise
local function countImage(id, tenant, index, status)
  local name = openImageName(id, tenant, index)
  if status == 'open' then return redis.pcall('ZADD', openImagesKey, 0, name) == 1 end
  return redis.pcall('ZREM', openImagesKey, name) == 1
end

-- the one place that changes the status of an image
local function setImage(key, id, tenant, index, status)
  redis.call('HSET', key, 'image:' .. index, status)
  countImage(id, tenant, index, status)
end
`;

/** Reads the number of open images and its bounds, which are fields of `:limits`: 0, or none, is no bound. After the prelude. */
export const openImageBounds = /* lua */ `
-- of one tenant, or of all
local function countOpen(tenant)
  local key, part = prefix .. ':open-images', tenant and tenantPart(tenant)
  -- "0" comes behind "/", and neither is in the name of a tenant
  local count = part and redis.pcall('ZLEXCOUNT', key, '[' .. part .. '/', '(' .. part .. '0') or not part and redis.pcall('ZCARD', key)
  return type(count) == 'number' and count or 0
end

local function openImageBound(name)
  local bound = redis.pcall('HGET', prefix .. ':limits', name)
  return type(bound) == 'string' and isWhole(bound) and math.max(0, tonumber(bound)) or 0
end

-- the bounds of a tenant, each with the images that are open
local function boundsOf(tenant)
  local bounds = {}
  -- the tenant's own comes first: its callers can do something about it
  for _, name in ipairs({ 'openImagesPerTenant', 'openImages' }) do
    local limit = openImageBound(name)
    if limit > 0 then
      bounds[#bounds + 1] = { name = name, limit = limit, open = countOpen(name == 'openImagesPerTenant' and tenant or nil) }
    end
  end
  return bounds
end

-- the bound that so many more images would cross; nil if they fit
local function boundReached(bounds, more)
  for _, bound in ipairs(bounds) do
    if bound.open + more > bound.limit then return bound end
  end
end
`;
