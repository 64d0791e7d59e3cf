import { type GenerationStatus, generationStatuses } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey } from '../keys.ts';
import { fold } from '../lua/fold.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { prelude } from '../lua/prelude.ts';
import { isWhyUnknown, unreadError } from './unread.ts';

/**
 * Cancels or expires a generation of a tenant ('' for any): ends its unsent submissions and gives their money back. Sent ones come home late.
 */
const closeScript = createNamedScript(['id', 'status', 'tenant'])(/* lua */ `${prelude}${money}${fold}
local key = KEYS[1]
local generation, known = hash(key)
if not known then return whyUnknown(id) end
if tenant ~= '' and generation.tenant ~= tenant then return false end
closeGeneration(key, id, status, nowMs())
return redis.call('HGET', key, 'status')
`);

/**
 * Ends a generation before its images are home.
 * @returns its status; undefined if Redis has no entry of it, or if it belongs to another tenant than the given one.
 */
export async function closeGeneration(
  redis: Redis,
  prefix: string,
  generationId: string,
  status: 'cancelled' | 'expired',
  tenant = '',
): Promise<GenerationStatus | undefined> {
  const reply = await closeScript.run(redis, generationKey(prefix, generationId), prefix, { id: generationId, status, tenant });
  if (isWhyUnknown(reply)) throw unreadError(generationId, reply);
  return z.enum(generationStatuses).nullable().parse(reply) ?? undefined;
}
