import type { RequestOutline } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { generationKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import { outlineFields, REQUEST_GONE } from './kept-request.ts';

/**
 * Removes the request of a generation and its digests, in the entry and beside the idempotency key. The outline stays; an entry of an earlier
 * version, which has the request inside, gets one. Replies 1, or 0 without an entry.
 */
const forgetRequestScript = createNamedScript(['id', 'provider', 'model', 'expected', 'outline'])(/* lua */ `${prelude}
local key = KEYS[1]
local entry = redis.call('HMGET', key, 'status', 'tenant', 'idempotencyDigest', 'expected')
redis.call('DEL', key .. ':request')
if not entry[1] then return 0 end
if not entry[4] then redis.call('HSET', key, 'provider', provider, 'model', model, 'expected', expected, 'outline', outline) end
redis.call('HDEL', key, 'request', 'confirmedIn', 'confirmedDigest')
redis.call('HSET', key, 'requestDigest', '${REQUEST_GONE}')
local idempotencyKey = prefix .. ':idempotency:' .. tenantPart(entry[2] or '') .. ':' .. (entry[3] or '')
if redis.call('HGET', idempotencyKey, 'generationId') == id then redis.call('HSET', idempotencyKey, 'requestDigest', '${REQUEST_GONE}') end
return 1
`);

/**
 * Removes the request of a generation: nothing more of it is sent.
 * @returns false if Redis has no entry of it.
 */
export async function forgetRequest(redis: Redis, prefix: string, generationId: string, outline: RequestOutline): Promise<boolean> {
  const given = { id: generationId, ...outlineFields(outline) };
  return (await forgetRequestScript.run(redis, generationKey(prefix, generationId), prefix, given)) === 1;
}
