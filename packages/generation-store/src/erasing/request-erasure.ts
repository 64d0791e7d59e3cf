import { defined, GenerationError, type GenerationStatus } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { isWhyUnknown, unreadError } from '../enqueue/unread.ts';
import { generationKey } from '../keys.ts';
import { erasures, retriesOf } from '../lua/erasures.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number, words } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** State of a request to erase. Times are Redis time, in milliseconds since 1970. */
export interface FoundErasure {
  requestedAt: number;
  /** End of the first sweep, after which neither the request nor an image is left. */
  erasedAt?: number;
  /** Time until which the eraser comes again, for images that come home late. */
  sweptUntil?: number;
  /** Ids of the generations that bought its images again. */
  retries: string[];
}

/** The erasure of a generation and its retries, by name. */
const toldErasure = /* lua */ `${retriesOf}
local function told(id, erasure)
  local isLeft = mayBeLeft(erasure)
  return named({
    kind = 'found', requestedAt = erasure.requestedAt, erasedAt = not isLeft and erasure.erasedAt or '', sweptUntil = not isLeft and erasure.sweptUntil or '',
    retries = table.concat(retriesOf(id), ' '),
  })
end
`;

/**
 * Asks the eraser to erase a generation of a tenant ('' for any), once. Replies found, open, or nil for one of another tenant. One that Redis
 * does not know may lie in S3: the eraser looks.
 */
const requestScript = createNamedScript(['id', 'tenant', 'isForced'])(/* lua */ `${prelude}${erasures}${toldErasure}
local generation, known = hash(KEYS[1])
local erasure, isAsked = erasureOf(id)
if erasure.kind then return false end
local owner = known and generation.tenant or isAsked and erasure.tenant or ''
if tenant ~= '' and owner ~= '' and owner ~= tenant then return false end
if not known and not isAsked then
  local why = whyUnknown(id)
  if why then return why end
end
if known and isUnderWay(generation.status) and isForced ~= '1' then
  return named({ kind = 'open', status = generation.status })
end
local now = nowMs()
if not isAsked then redis.call('HSET', erasureKey(id), 'tenant', known and generation.tenant or tenant) end
askForAll(id, erasure, now)
if isForced == '1' then redis.call('HSET', erasureKey(id), 'isForced', 1) end
-- a swept one is swept once more: what the caller sees may have come since
redis.call('ZADD', prefix .. ':erasures', int(now), id)
return told(id, (hash(erasureKey(id))))
`);

/** Replies the state of a request to erase; nil without one, for one by age that leaves the images, or for one of another tenant. */
const findScript = createNamedScript(['id', 'tenant'])(/* lua */ `${prelude}${erasures}${toldErasure}
local erasure, isAsked = hash(erasureKey(id))
if not isAsked or erasure.kind or not erasure.requestedAt then return false end
-- its age asked for the request alone, and no caller asked for anything
if erasure.aged == 'requests' or erasure.isNoted and erasure.keepsImages then return false end
if tenant ~= '' and erasure.tenant ~= tenant then return false end
return told(id, erasure)
`);

const replySchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('found'),
      requestedAt: number,
      erasedAt: number.optional(),
      sweptUntil: number.optional(),
      retries: words,
    }),
    z.object({ kind: z.literal('open'), status: z.string() }),
  ]),
);

function parseReply(generationId: string, reply: unknown): FoundErasure | undefined {
  if (reply === null) return undefined;
  if (isWhyUnknown(reply)) throw unreadError(generationId, reply);
  const parsed = replySchema.parse(reply);
  if (parsed.kind === 'open') throw openError(generationId, parsed.status as GenerationStatus); // by our own scripts
  const { requestedAt, erasedAt, sweptUntil, retries } = parsed;
  return { requestedAt, ...defined({ erasedAt, sweptUntil }), retries };
}

export const openError = (generationId: string, status: GenerationStatus): GenerationError =>
  new GenerationError(
    'generation.open',
    `could not erase generation "${generationId}", which is ${status}: wait for its end, or erase it with "cancel: true"; nothing was erased`,
    { details: { generationId, status } },
  );

/**
 * Asks the eraser to erase a generation. May be repeated.
 * @param isForced Takes an open generation too.
 * @returns undefined if it belongs to another tenant. @throws GenerationError "generation.open"
 */
export const requestErasure = async (redis: Redis, prefix: string, generationId: string, isForced: boolean, tenant?: string) =>
  parseReply(
    generationId,
    await requestScript.run(redis, generationKey(prefix, generationId), prefix, { id: generationId, tenant, isForced: isForced ? 1 : 0 }),
  );

/** Finds the state of a request to erase; undefined without one, or for one of another tenant. */
export const findErasure = async (redis: Redis, prefix: string, generationId: string, tenant?: string) =>
  parseReply(generationId, await findScript.run(redis, generationKey(prefix, generationId), prefix, { id: generationId, tenant }));
