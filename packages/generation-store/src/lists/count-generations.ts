import { generationStatuses, type GenerationStatus } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import { lists } from '../lua/lists.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** Replies the length of the list of each status. */
const countScript = createNamedScript(['tenant'])(/* lua */ `${prelude}${lists}
local of = listsOf(tenant)[tenant == '' and 1 or 2]
local counts = {}
for status in string.gmatch('${generationStatuses.join(' ')}', '%S+') do
  local count = redis.pcall('ZCARD', of .. status)
  counts[status] = type(count) == 'number' and count or 0
end
return named(counts)
`);

const countsSchema = namedReply(
  z.object(Object.fromEntries(generationStatuses.map((status) => [status, number])) as Record<GenerationStatus, typeof number>),
);

/**
 * Counts the generations that Redis holds, by status. Counts those too that have left Redis and are not taken from the lists yet: a reader or the
 * reconciler does so.
 * @param tenant Counts the generations of this tenant alone.
 */
export const countGenerations = async (redis: Redis, prefix: string, tenant?: string): Promise<Record<GenerationStatus, number>> =>
  countsSchema.parse(await countScript.run(redis, openKey(prefix), prefix, { tenant }));

/**
 * Replies the creation time of the generation at a rank in the lists of some statuses together, the newest being 0, and how many of the same
 * time stand before it. Halves the time between the ends of the lists, which takes a few dozen counts for lists of any length.
 */
const placeScript = createNamedScript(['statuses', 'rank'])(/* lua */ `${prelude}${lists}
rank = tonumber(rank)
local of, walked, low, high = listsOf('')[1], {}, nil, nil
for status in string.gmatch(statuses, '%S+') do
  local list = of .. status
  local oldest = redis.pcall('ZRANGE', list, 0, 0, 'WITHSCORES')
  if not oldest.err and oldest[2] then
    local newest = redis.call('ZREVRANGE', list, 0, 0, 'WITHSCORES')
    walked[#walked + 1] = list
    low = math.min(low or math.huge, tonumber(oldest[2]))
    high = math.max(high or 0, tonumber(newest[2]))
  end
end
local function after(score)
  local count = 0
  for _, list in ipairs(walked) do count = count + redis.call('ZCOUNT', list, '(' .. int(score), '+inf') end
  return count
end
if not low or after(low - 1) <= rank then return {} end
-- the highest time after which at most this many come
while low < high do
  local middle = math.floor((low + high) / 2)
  if after(middle) <= rank then high = middle else low = middle + 1 end
end
return named({ createdAt = low, before = rank - after(low) })
`);

const placeSchema = namedReply(z.object({ createdAt: number, before: number }).partial());

/** Finds the generation at a rank among those of some statuses, the newest being 0: its creation time, and how many of that time are before it. */
export async function findPlaceAt(
  redis: Redis,
  prefix: string,
  statuses: readonly GenerationStatus[],
  rank: number,
): Promise<{ createdAt: number; before: number } | undefined> {
  const { createdAt, before } = placeSchema.parse(
    await placeScript.run(redis, openKey(prefix), prefix, { statuses: statuses.join(' '), rank }),
  );
  return createdAt === undefined || before === undefined ? undefined : { createdAt, before };
}
