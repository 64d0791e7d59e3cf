import type { Redis } from 'ioredis';
import { z } from 'zod';
import { eventLogKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';

const HOUR_MS = 3_600_000;
/** Time for which an event is kept although every group has read it: readers without a group may come back for it. */
const KEPT_MS = HOUR_MS;
/** Time for which an event is kept for a group that has not read it. */
const KEPT_FOR_GROUPS_MS = 7 * 24 * HOUR_MS;
/** Most events; beyond that the oldest go, read or not. */
const MOST_EVENTS = 1_000_000;
/** Events removed in one step: about a millisecond of Redis. */
const AT_ONCE = 500;

/**
 * Removes the oldest events, at most some hundred, and keeps the id of the last one under \`:events-trimmed\`. The hash \`:events-gaps\` names
 * each group that misses some of them, with the last one that is gone: a group that had not read it, or had not acknowledged one, learns of its
 * gap. Only this script knows: a group may read on between any look at the mark and its next read. Replies how many it removed.
 *
 * An event stays while a group has not read and acknowledged it, but no longer than a week, and only while there is room.
 */
const trimScript = createNamedScript(['keptMs', 'keptForGroupsMs', 'most', 'atOnce'])(/* lua */ `${prelude}
local log, now = KEYS[1], nowMs()
local function before(a, b)
  local aMs, aSeq = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bSeq = string.match(b, '^(%d+)-(%d+)$')
  if aMs ~= bMs then return tonumber(aMs) < tonumber(bMs) end
  return tonumber(aSeq) < tonumber(bSeq)
end
local length = redis.call('XLEN', log)
if length == 0 then return 0 end
local keepFrom = int(math.max(0, now - keptMs)) .. '-0'
local groups = {}
for _, group in ipairs(redis.call('XINFO', 'GROUPS', log)) do
  local fields = {}
  for at = 1, #group, 2 do fields[group[at]] = group[at + 1] end
  local read = fields['last-delivered-id']
  local oldest = tonumber(fields.pending) > 0 and redis.call('XPENDING', log, fields.name)[2] or nil
  groups[#groups + 1] = { name = fields.name, read = read, oldest = oldest }
  local unread = oldest and before(oldest, read) and oldest or read
  if before(unread, keepFrom) then keepFrom = unread end
end
-- true if a group has not read the last one that goes, or has not acknowledged one that goes
local function misses(group, last)
  return before(group.read, last) or group.oldest and not before(last, group.oldest)
end
local latest = int(math.max(0, now - keptForGroupsMs)) .. '-0'
if before(keepFrom, latest) then keepFrom = latest end
local last, removed
for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', atOnce)) do
  local isSurplus = length - (removed or 0) > tonumber(most)
  if not isSurplus and not before(entry[1], keepFrom) then break end
  last = entry[1]
  removed = (removed or 0) + 1
end
if not last then return 0 end
for _, group in ipairs(groups) do
  if misses(group, last) then redis.call('HSET', prefix .. ':events-gaps', group.name, last) end
end
local ms, seq = string.match(last, '^(%d+)-(%d+)$')
redis.call('XTRIM', log, 'MINID', '=', ms .. '-' .. int(tonumber(seq) + 1))
redis.call('SET', prefix .. ':events-trimmed', last)
return removed
`);

/** Removes events that no group needs any more, and those for which there is no room. @returns their number. */
export async function trimEvents(redis: Redis, prefix: string): Promise<number> {
  for (let removed = 0; ;) {
    const some = z.number().parse(
      await trimScript.run(redis, eventLogKey(prefix), prefix, {
        keptMs: KEPT_MS,
        keptForGroupsMs: KEPT_FOR_GROUPS_MS,
        most: MOST_EVENTS,
        atOnce: AT_ONCE,
      }),
    );
    removed += some;
    if (some < AT_ONCE) return removed;
  }
}
