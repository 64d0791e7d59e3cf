/** What waits for one cap looks at it so often together, however much waits. */
const LOOKS_ARE_APART_MS = 50;
/** A place that is further ahead was given by a clock that went back since. */
const FURTHEST_PLACE_MS = 86_400_000;

/**
 * Hands out places in the line of those that wait for a cap: `cap-place:<period>` is the last place that was given, and ends by itself. With few
 * in the line each may look when it likes; of 100,000 each comes when those before it have looked. There is a look all the time, so that
 * a cap that has room again is found at once. A line of its own for each period: the cap of one tenant holds no other. After the prelude.
 */
export const capPlaces = /* lua */ `
-- how long the caller is to wait for its place; no longer than until its deadline, which must be found
local function waitForPlace(period, deadlineAt, now)
  local key = prefix .. ':cap-place:' .. period
  local read = redis.pcall('GET', key)
  local last = type(read) == 'string' and tonumber(read) or 0
  if last > now + ${FURTHEST_PLACE_MS} then last = 0 end
  local place = math.max(now, last + ${LOOKS_ARE_APART_MS})
  redis.call('SET', key, int(place), 'PX', int(place - now + 1000))
  if deadlineAt ~= '' then place = math.min(place, math.max(now, tonumber(deadlineAt))) end
  return int(place - now)
end
`;
