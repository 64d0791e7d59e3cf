import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { generationKey, nameRef } from '../keys.ts';
import { events } from '../lua/events.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';

/** Replies 1 if the entry is there, else 0. */
const releaseScript = createNamedScript(['id', 'index', 'n'])(/* lua */ `${prelude}${events}
local generation, known = hash(KEYS[1])
if not known then return 0 end
local field = 'released:' .. index .. '-' .. n
if generation[field] then return 1 end
redis.call('HSET', KEYS[1], field, 1)
redis.pcall('ZREM', prefix .. ':withheld', id .. '/' .. index .. '-' .. n)
record('image.released', id, generation, index, n, nowMs())
return 1
`);

/**
 * Notes in the entry of a generation that the image of a submission may be seen although the content check did not clear it.
 * @returns false if Redis has no entry of it.
 */
export const releaseImage = async (redis: Redis, prefix: string, ref: SubmissionRef): Promise<boolean> =>
  (await releaseScript.run(redis, generationKey(prefix, ref.generationId), prefix, nameRef(ref))) === 1;
