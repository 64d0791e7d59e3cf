import { QueueUnavailableError } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { sha256 } from '../enqueue/kept-request.ts';
import { unreadError } from '../enqueue/unread.ts';
import { openKey } from '../keys.ts';
import { namedReply } from '../lua/named.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';

/** Replies the generation that an idempotency key belongs to, and why it is not read yet; nothing for an unknown key. */
const findIdByKeyScript = createNamedScript(['tenant', 'digest'])(/* lua */ `${prelude}
local taken = redis.call('HMGET', prefix .. ':idempotency:' .. tenantPart(tenant) .. ':' .. digest, 'generationId', 'requestDigest')
if not taken[1] then return named({ unknown = isReading() and 'reading' or recovering() and 'recovering' or nil }) end
return named({ id = taken[1], unknown = taken[2] == '' and (whyUnknown(taken[1]) or 'damaged') or nil })
`);

const replySchema = namedReply(z.object({ id: z.string().optional(), unknown: z.enum(['reading', 'recovering', 'damaged']).optional() }));

/**
 * Finds the generation that an idempotency key belongs to.
 * @returns its id; undefined for a key that Redis does not know.
 * @throws QueueUnavailableError for an unknown key while Redis may have forgotten it: it is not compared with S3, or a rebuild reads on.
 */
export async function findIdByKey(redis: Redis, prefix: string, tenant: string, idempotencyKey: string): Promise<string | undefined> {
  const reply = await findIdByKeyScript.run(redis, openKey(prefix), prefix, { tenant, digest: sha256(idempotencyKey) });
  const { id, unknown } = replySchema.parse(reply);
  if (unknown === 'recovering')
    throw new QueueUnavailableError(
      'redis restarted and does not know this idempotency key, and S3 is being asked what redis has forgotten; call again in some seconds',
      { reached: 'no', details: { reason: 'recovering' } },
    );
  if (unknown !== undefined) throw unreadError(id ?? 'of this idempotency key', unknown);
  return id;
}
