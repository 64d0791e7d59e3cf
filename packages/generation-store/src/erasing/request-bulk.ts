import { defined, StoreNotInitialisedError } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { digestOfTag } from '../enqueue/new-generation.ts';
import { bulkErasuresKey } from '../keys.ts';
import { erasures } from '../lua/erasures.ts';
import { namedReply, number, words } from '../lua/named.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';

/** A request to erase the generations of a tenant, or of a tag, or of both. */
export interface NewBulk {
  /** A UUIDv7. */
  erasureId: string;
  /** Absent: of every tenant. */
  tenant?: string;
  tag?: string;
  /** Cancels open ones and takes them too. */
  isForced: boolean;
  /** Takes the retries of each that it takes, whenever they were enqueued. */
  withRetries: boolean;
}

/** State of a bulk erasure. Times are Redis time, in milliseconds since 1970. */
export interface FoundBulk {
  erasureId: string;
  requestedAt: number;
  tenant?: string;
  /** Time at which the bulk erasure ended; absent until then. */
  erasedAt?: number;
  /** Generations that belong to it, as far as it has looked. */
  found: number;
  erased: number;
  /** Open generations that it left. */
  left: number;
  /** Ids of the left ones, up to a bound. */
  open: string[];
}

/** The state of a bulk erasure by name. After the erasures. */
const toldBulk = /* lua */ `
local function toldBulk(id, bulk)
  local open = redis.call('SMEMBERS', erasureKey(id) .. ':open')
  return named({
    erasureId = id, requestedAt = bulk.requestedAt, tenant = bulk.tenant, erasedAt = bulk.erasedAt, found = bulk.found,
    erased = bulk.erased, left = bulk.left, open = table.concat(open, ' '),
  })
end
`;

/**
 * Asks the eraser to erase many generations, once under its id. Those that Redis has enqueued by now belong to it, and no later ones: their
 * creation time decides.
 */
const requestScript = createNamedScript(['id', 'tenant', 'tag', 'isForced', 'withRetries'])(/* lua */ `${prelude}${erasures}${toldBulk}
if not isOpen() then return false end
if redis.call('EXISTS', erasureKey(id)) == 0 then
  local now = int(nowMs())
  redis.call('HSET', erasureKey(id), 'kind', 'bulk', 'requestedAt', now, 'tenant', tenant, 'isForced', isForced, 'withRetries', withRetries,
    'step', 'listed', 'place', '', 'found', 0, 'erased', 0, 'left', 0, 'gone', 0)
  -- the word of a caller may be personal, and stands in no key
  if tag ~= '' then redis.call('HSET', erasureKey(id), 'tag', tag) end
  redis.call('ZADD', KEYS[1], now, id)
end
return toldBulk(id, (hash(erasureKey(id))))
`);

const replySchema = namedReply(
  z.object({
    erasureId: z.string(),
    requestedAt: number,
    tenant: z.string().optional(),
    erasedAt: number.optional(),
    found: number,
    erased: number,
    left: number,
    open: words,
  }),
);

function parseBulk(reply: unknown): FoundBulk | undefined {
  if (reply === null) return undefined;
  const { tenant, erasedAt, ...rest } = replySchema.parse(reply);
  return { ...rest, ...defined({ tenant, erasedAt }) };
}

/** Asks the eraser to erase many generations. A repeated call with the same id changes nothing. @throws StoreNotInitialisedError */
export async function requestBulk(redis: Redis, prefix: string, bulk: NewBulk): Promise<FoundBulk> {
  const { erasureId, tenant, tag, isForced, withRetries } = bulk;
  const reply = await requestScript.run(redis, bulkErasuresKey(prefix), prefix, {
    id: erasureId,
    tenant,
    tag: tag && digestOfTag(tag),
    isForced: isForced ? 1 : 0,
    withRetries: withRetries ? 1 : 0,
  });
  const found = parseBulk(reply);
  if (found === undefined) throw new StoreNotInitialisedError();
  return found;
}

/** Replies the state of a bulk erasure; nil without one, or for one of another tenant. */
const findScript = createNamedScript(['id', 'tenant'])(/* lua */ `${prelude}${erasures}${toldBulk}
local bulk = hash(erasureKey(id))
if bulk.kind ~= 'bulk' or tenant ~= '' and bulk.tenant ~= tenant then return false end
return toldBulk(id, bulk)
`);

/** Finds the state of a bulk erasure; undefined without one, or for one of another tenant. */
export const findBulk = async (redis: Redis, prefix: string, erasureId: string, tenant?: string): Promise<FoundBulk | undefined> =>
  parseBulk(await findScript.run(redis, bulkErasuresKey(prefix), prefix, { id: erasureId, tenant }));
