/** Time between two looks at one cap by all submissions that wait for it, however many they are. */
const LOOKS_ARE_APART_MS = 50;
/** A place further ahead than this was given by a clock that went back since. */
const FURTHEST_PLACE_MS = 86_400_000;
/** The looks at all caps are counted by slots of this length. */
const SLOT_MS = 10_000;
/** Looks at all caps in a slot: 100 a second, which take about 2 % of Redis. */
const LOOKS_IN_SLOT = 1000;
/** The looks of submissions that stand behind another of their line: the other half is free for the first of each line. */
const LOOKS_BEHIND_IN_SLOT = 500;

/**
 * Hands out places in the line of the submissions that wait for a cap: `cap-place:<period>` is the last given place, and ends by itself.
 * In a short line each may look when it likes; of 100,000 each comes when those before it have looked. There is a look all the time, so
 * that a cap that has room again is found at once. Each period has a line of its own: the cap of one tenant delays no other.
 *
 * Each of 100,000 tenants may have reached a cap of its own. So all lines together take no more looks than fit in a slot
 * (`cap-looks:<number>` counts them), and the others go to the first slot with room (`cap-looks:first`, `cap-looks:behind`). After the prelude.
 */
export const capPlaces = /* lua */ `
-- the place in its slot, or in the first later slot with room; a count that cannot be read limits nothing
local function placeAmongAll(place, now, whose, most)
  local slot, nowSlot = math.floor(place / ${SLOT_MS}), math.floor(now / ${SLOT_MS})
  local keys = prefix .. ':cap-looks:'
  local function take(at)
    local taken = redis.pcall('INCR', keys .. int(at))
    if type(taken) ~= 'number' then return 0 end
    redis.call('PEXPIRE', keys .. int(at), int((at + 1 - nowSlot) * ${SLOT_MS}))
    return taken
  end
  local function isFull(at)
    local taken = redis.pcall('GET', keys .. int(at))
    return type(taken) == 'string' and (tonumber(taken) or 0) >= most
  end
  if not isFull(slot) then
    take(slot)
    return place
  end
  local read = redis.pcall('GET', keys .. whose)
  local first = type(read) == 'string' and tonumber(read) or 0
  if first < nowSlot or first > nowSlot + ${FURTHEST_PLACE_MS / SLOT_MS} then first = nowSlot end
  while isFull(first) do first = first + 1 end
  redis.call('SET', keys .. whose, int(first), 'PX', int((first + 1 - nowSlot) * ${SLOT_MS}))
  return math.max(now, first * ${SLOT_MS} + math.floor((take(first) - 1) * ${SLOT_MS} / most))
end

-- wait of the caller for its place; at most until its deadline, which must be found
local function waitForPlace(period, deadlineAt, now)
  local key = prefix .. ':cap-place:' .. period
  local read = redis.pcall('GET', key)
  local last = type(read) == 'string' and tonumber(read) or 0
  if last > now + ${FURTHEST_PLACE_MS} then last = 0 end
  local place = math.max(now, last + ${LOOKS_ARE_APART_MS})
  if place > now then
    place = placeAmongAll(place, now, 'behind', ${LOOKS_BEHIND_IN_SLOT})
  else
    place = placeAmongAll(place, now, 'first', ${LOOKS_IN_SLOT})
  end
  redis.call('SET', key, int(place), 'PX', int(place - now + 1000))
  if deadlineAt ~= '' then place = math.min(place, math.max(now, tonumber(deadlineAt))) end
  return int(place - now)
end
`;
