import type { RequestOutline } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { generationKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import { dropRequest, outlineFields } from './kept-request.ts';

/** Replies 1, or 0 without an entry. */
const forgetRequestScript = createNamedScript(['id', 'provider', 'model', 'expected', 'outline'])(/* lua */ `${prelude}${dropRequest}
local key = KEYS[1]
local entry, known = hash(key)
if known then dropRequest(key, id, entry) else redis.call('DEL', key .. ':request') end
return known and 1 or 0
`);

/**
 * Removes the request of a generation: nothing more of it is sent.
 * @param outline For an entry of an earlier version, which has the request inside and no outline; not needed if the request was lost.
 * @returns false if Redis has no entry of it.
 */
export async function forgetRequest(redis: Redis, prefix: string, generationId: string, outline?: RequestOutline): Promise<boolean> {
  const fields = outline === undefined ? { provider: '', model: '', expected: '', outline: '' } : outlineFields(outline);
  const given = { id: generationId, ...fields };
  return (await forgetRequestScript.run(redis, generationKey(prefix, generationId), prefix, given)) === 1;
}
