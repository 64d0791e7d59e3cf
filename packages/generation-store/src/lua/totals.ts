/** Ends that may wait for their line; the oldest beyond it get none. */
const MOST_ENDED = 10_000;

/**
 * Counts since the store was made, in the hash `totals`: `ended:<status>` of generations, `refused:<answer>` of enqueues and `not-here:<status>` of
 * paid submissions without an image. All words are ours, so it is bounded. A process forgets its own counts when it ends, and most refusals
 * happen in processes that Prometheus does not scrape.
 *
 * The list `ended` names the generations whose last line no worker has written. What cannot be counted ends no purchase. After the prelude.
 */
export const totals = /* lua */ `
local function countTotal(name)
  redis.pcall('HINCRBY', prefix .. ':totals', name, 1)
end

local function noteEnded(id)
  local key = prefix .. ':ended'
  local length = redis.pcall('RPUSH', key, id)
  if type(length) == 'number' and length > ${MOST_ENDED} then redis.pcall('LTRIM', key, -${MOST_ENDED}, -1) end
end
`;
