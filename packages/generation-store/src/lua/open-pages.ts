/**
 * Pages of the open generations, in the order of the set: by creation time, then by id. A page continues behind the last id of the page
 * before, even if that has left the set, so that added and removed generations move no other one out of the walk. After the prelude.
 */
export const openPages = /* lua */ `
-- entries and scores of a sorted set behind (score, id); a score of '' begins
local function pageAfter(open, score, id, count)
  if score == '' then return redis.call('ZRANGE', open, 0, count - 1, 'WITHSCORES') end
  local standing = redis.call('ZSCORE', open, id)
  -- The set alone knows the order of entries of one score: an entry that is gone, or elsewhere, takes its place for this one step
  if standing ~= score then redis.call('ZADD', open, score, id) end
  local from = redis.call('ZRANK', open, id)
  if not standing then
    redis.call('ZREM', open, id)
  elseif standing ~= score then
    redis.call('ZADD', open, standing, id)
    if tonumber(standing) < tonumber(score) then from = from + 1 end
  else
    from = from + 1
  end
  return redis.call('ZRANGE', open, from, from + count - 1, 'WITHSCORES')
end
`;
