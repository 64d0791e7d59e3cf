import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** "queued": nothing of the generation is sent yet. "running": something is. */
export const waitingStages = ['queued', 'running'] as const;

/** Time for which the oldest generation of each stage waits, in milliseconds; 0 if none does. */
export type OldestWaiting = Record<(typeof waitingStages)[number], number>;

/** Entries that are looked at: the cost stays the same however many generations wait. */
const LOOKED_AT = 100;

/**
 * Replies how long the oldest generations wait, from their creation or their `runAt`. It looks at the first created of each status, and at the head of
 * the fair line: behind more than ${LOOKED_AT} older generations that are to run later, the line tells the longest wait of those that are bought next.
 */
const oldestScript = createLuaScript(/* lua */ `${prelude}
local now = nowMs()
local function waitOf(id, status)
  local fields = redis.pcall('HMGET', prefix .. ':generation:' .. id, 'status', 'createdAt', 'runAt')
  if fields.err or fields[1] ~= status then return 0 end
  return math.max(0, now - math.max(tonumber(fields[2] or '') or now, tonumber(fields[3] or '') or 0))
end
local function oldest(status)
  local longest = 0
  local found = redis.pcall('ZRANGE', prefix .. ':list:all:' .. status, 0, ${LOOKED_AT - 1})
  if found.err then return 0 end
  for _, id in ipairs(found) do
    local wait = waitOf(id, status)
    if wait > longest then longest = wait end
  end
  return longest
end
local queued = oldest('queued')
local line = redis.pcall('ZRANGE', prefix .. ':line', 0, ${LOOKED_AT - 1})
if not line.err then
  for _, place in ipairs(line) do queued = math.max(queued, waitOf(string.match(place, '^[^/]+'), 'queued')) end
end
return named({ queued = queued, running = oldest('running') })
`);

const replySchema = namedReply(z.object({ queued: number, running: number }));

/** Reads how long the oldest generations wait. */
export async function readOldestWaiting(redis: Redis, prefix: string): Promise<OldestWaiting> {
  return replySchema.parse(await oldestScript.run(redis, openKey(prefix), [prefix]));
}
