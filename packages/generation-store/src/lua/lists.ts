import { MOST_IMAGES } from './sound.ts';

/**
 * The lists of generations: sorted sets `:list:<of>:<list>`, whose <of> is `all` or `tenant:<tenant>`. By status and by code (of an image
 * that did not succeed) they are scored by creation time, as are those by tag (`tag:<digest>`), and `finished` by the time of the end, all in Redis time. After the prelude.
 *
 * A generation is in the list of each of its codes, and in one of the lists by status. Entries end with their time in Redis and the lists do
 * not notice: a reader passes by what is gone or has moved on, and the reconciler removes it. A list that cannot be written, because its key is of another type or the user lacks the
 * right, ends no script in its middle: the reconciler puts it right.
 */
export const lists = /* lua */ `
local function listsOf(tenant)
  return { prefix .. ':list:all:', prefix .. ':list:tenant:' .. tenantPart(tenant) .. ':' }
end

local function addToLists(id, generation)
  for _, list in ipairs(listsOf(generation.tenant)) do
    redis.pcall('ZADD', list .. generation.status, generation.createdAt, id)
    if generation.finishedAt then redis.pcall('ZADD', list .. 'finished', generation.finishedAt, id) end
    for code in string.gmatch(generation.codes or '', '%S+') do redis.pcall('ZADD', list .. 'code:' .. code, generation.createdAt, id) end
  end
end

-- from the enqueue on: a tag moves no more
local function addToTags(id, generation)
  for _, list in ipairs(listsOf(generation.tenant)) do
    for digest in string.gmatch(generation.labels or '', '%x+') do redis.pcall('ZADD', list .. 'tag:' .. digest, generation.createdAt, id) end
  end
end

-- the one place that changes the status of a generation
local function setStatus(key, id, generation, status, now)
  for _, list in ipairs(listsOf(generation.tenant)) do redis.pcall('ZREM', list .. generation.status, id) end
  generation.status = status
  if isUnderWay(status) then
    redis.call('HSET', key, 'status', status)
  else
    generation.finishedAt, generation.codes = int(now), generation.codes or ''
    redis.call('HSET', key, 'status', status, 'finishedAt', generation.finishedAt, 'codes', generation.codes)
  end
  raiseRevision(id)
  addToLists(id, generation)
end

-- the codes of the images that did not succeed, each once
local function codesOf(id, generation)
  local codes, seen = {}, {}
  for index = 0, math.min(tonumber(generation.images) or 0, ${MOST_IMAGES}) - 1 do
    local image, latest = generation['image:' .. index], generation['latest:' .. index]
    if image and latest and image ~= 'open' and image ~= 'succeeded' then
      local code = redis.pcall('HGET', submissionKey(id, index, latest), 'code')
      if type(code) == 'string' and code ~= '' and not seen[code] then
        seen[code] = true
        codes[#codes + 1] = code
      end
    end
  end
  return table.concat(codes, ' ')
end

-- a late image or a late failure changes the codes of a generation that is over
local function listCodes(key, id, generation)
  local codes = codesOf(id, generation)
  if codes == (generation.codes or '') then return end
  for _, list in ipairs(listsOf(generation.tenant)) do
    for code in string.gmatch(generation.codes or '', '%S+') do redis.pcall('ZREM', list .. 'code:' .. code, id) end
  end
  generation.codes = codes
  redis.call('HSET', key, 'codes', codes)
  addToLists(id, generation)
end
`;
