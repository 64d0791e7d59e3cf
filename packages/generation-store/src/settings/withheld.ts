import { parseRef, type SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { corruptRecordOf } from '../corrupt-entry.ts';
import { generationKey, withheldKey } from '../keys.ts';

/**
 * Withheld images that wait for an operator: a sorted set of the submissions that made them, by the time of their end. For operators alone: no
 * view follows from it. Settlement and release keep it (purchase/settle.ts, release-image.ts), and a rebuild settles again.
 */

/** An entry has left Redis by then: a week after its end, which is at most 31 days after its enqueue. */
const KEPT_MS = 40 * 24 * 3_600_000;

/** Lua that notes the images which the content check did not clear: one that came home, or all of a generation. After the prelude. */
export const noteWithheld = /* lua */ `
local function noteWithheld(generation, id, index, n, verdict, now)
  local withheldKey = prefix .. ':withheld'
  -- it may have been noted when its result was lost
  if verdict == 'clear' then redis.pcall('ZREM', withheldKey, id .. '/' .. index .. '-' .. n) end
  if not generation.withholdFlagged or verdict == 'clear' or generation['released:' .. index .. '-' .. n] then return end
  -- a key of another type names none until it is removed
  redis.pcall('ZADD', withheldKey, int(now), id .. '/' .. index .. '-' .. n)
  redis.pcall('ZREMRANGEBYSCORE', withheldKey, '-inf', int(now - ${KEPT_MS}))
end

-- a rule that came after the enqueue: from now on the images of the generation are withheld, those that are home too
local function beginWithholding(key, id, generation, now)
  generation.withholdFlagged = '1'
  redis.call('HSET', key, 'withholdFlagged', '1')
  raiseRevision(id)
  for index = 0, tonumber(generation.images) - 1 do
    local n = generation['winner:' .. index]
    if n and generation['image:' .. index] == 'succeeded' then
      local text = redis.pcall('HGET', submissionKey(id, index, n), 'result')
      local isRead, result = pcall(cjson.decode, type(text) == 'string' and text or '')
      noteWithheld(generation, id, index, n, isRead and type(result) == 'table' and result.nsfwContent == false and 'clear' or '', now)
    end
  end
end
`;

/** A withheld image, by the submission that made it. */
export interface WithheldImage {
  ref: SubmissionRef;
  tenant: string;
  /** Its end, in milliseconds since 1970. */
  since: number;
}

/**
 * Reads the withheld images. Forgets those whose generations have left Redis, as far as it looks.
 * @param limit Most images to describe.
 */
export async function readWithheld(redis: Redis, prefix: string, limit: number): Promise<{ count: number; oldest: WithheldImage[] }> {
  const key = withheldKey(prefix);
  const flat = limit === 0 ? [] : await redis.zrange(key, '0', String(limit - 1), 'WITHSCORES');
  const oldest: WithheldImage[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at] ?? '';
    const ref = parseRef(name);
    const tenant = ref === undefined ? null : await readTenant(redis, generationKey(prefix, ref.generationId));
    if (ref === undefined || tenant === null) await redis.zrem(key, name);
    else oldest.push({ ref, tenant, since: Number(flat[at + 1]) });
  }
  return { count: await redis.zcard(key), oldest };
}

/** Returns the tenant of an entry; null without one. */
const readTenant = (redis: Redis, key: string): Promise<string | null> =>
  redis.hget(key, 'tenant').catch((error: unknown) => {
    if (corruptRecordOf(error, key) !== undefined) return null;
    throw error;
  });
