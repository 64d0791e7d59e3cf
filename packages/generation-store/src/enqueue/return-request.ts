import type { KeptRequest } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import { textOf } from './kept-request.ts';

/** Replies returned, other or no-record. */
const returnRequestScript = createNamedScript(['request', 'requestDigest', 'tags', 'metadata', 'webhook'])(/* lua */ `${prelude}
local key = KEYS[1]
local entry, known = hash(key)
if not known then return 'no-record' end
-- it was erased meanwhile, or S3 holds another one
if entry.requestDigest ~= requestDigest then return 'other' end
local lost = { request = request, tags = entry.labels and tags or '', metadata = entry.labels and metadata or '', webhook = entry.labels and webhook or '' }
for name, text in pairs(lost) do
  if text ~= '' then redis.call('HSETNX', key .. ':request', name, text) end
end
local seconds = redis.call('TTL', key)
if seconds > 0 then redis.call('EXPIRE', key .. ':request', seconds) end
return 'returned'
`);

/**
 * Gives an entry its request back, which Redis has lost, with the labels and the receiver beside it. Changes nothing that is there.
 * @returns "other" if it is not the request that the entry was made with, "no-record" without an entry.
 */
export async function returnRequest(
  redis: Redis,
  prefix: string,
  generationId: string,
  { request, tags, metadata, webhook }: Pick<KeptRequest, 'request' | 'tags' | 'metadata' | 'webhook'>,
): Promise<'returned' | 'other' | 'no-record'> {
  const textOrNone = (value: object | undefined) => value && JSON.stringify(value);
  const given = { ...textOf(request), tags: textOrNone(tags), metadata: textOrNone(metadata), webhook: textOrNone(webhook) };
  const reply = await returnRequestScript.run(redis, generationKey(prefix, generationId), prefix, given);
  return z.enum(['returned', 'other', 'no-record']).parse(reply);
}
