/**
 * The revision of a generation counts the changes that a caller can see: 1 when it is enqueued, and one more with each script that changes it,
 * however much that script changes. It never repeats, so that it can name a state. A Redis that went back would count again what a caller has
 * seen. So an entry that is older than the memory of Redis (`beginMemory`) has at least the time at which that memory began, in milliseconds
 * since 1970, and a restored entry begins at the time of its restoration: both lie above every count before. An entry of an earlier version
 * has none, and counts from 1. A part of the prelude, before `announce`.
 *
 * Between a loss and the comparison with S3 an entry may show a revision that a caller has seen with other contents. A process of an earlier
 * version raises none.
 */
export const revisions = /* lua */ `
-- the new revisions of the generations that this script changes, by id
local raised = {}

local function shownRevision(stored, createdAt)
  -- a user with the rights of an earlier version may not ask
  local memory = redis.pcall('GET', prefix .. ':memory')
  local began = tonumber(type(memory) == 'string' and string.match(memory, ':(%d+)/%d+$') or '') or 0
  local count = tonumber(stored or '') or 1
  return (tonumber(createdAt or '') or began) < began and math.max(count, began) or count
end

local function setRevision(id, revision)
  raised[id] = int(revision)
  redis.call('HSET', prefix .. ':generation:' .. id, 'revision', raised[id])
end

-- replies the revision; nil without an entry
local function raiseRevision(id)
  if raised[id] then return raised[id] end
  local stored = redis.pcall('HMGET', prefix .. ':generation:' .. id, 'createdAt', 'revision')
  if stored.err or not stored[1] then return nil end
  setRevision(id, shownRevision(stored[2], stored[1]) + 1)
  return raised[id]
end
`;
