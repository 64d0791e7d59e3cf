import { GenerationError, type GenerationView, type StoredRequest } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey } from '../keys.ts';
import { fairLine } from '../lua/fair-line.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import type { FoundSubmission } from '../recovery/remembered.ts';
import { queuePlace } from './queue-place.ts';
import { isWhyUnknown, unreadError } from './unread.ts';
import { parseFoundSubmissions, parseGenerationView } from './view.ts';

/** Reads a generation and all its submissions as one picture. Replies nil without one, or why it may have been bought nevertheless. */
const readGenerationScript = createNamedScript(['id', 'tenant', 'withRequest', 'isCall'])(/* lua */ `${prelude}${fairLine}${queuePlace}
local key = KEYS[1]
local generation, known = hash(key)
local erased = isCall == '1' and redis.pcall('HMGET', prefix .. ':erasure:' .. id, 'erasedAt', 'tenant', 'keepsImages')
local isErased = erased and not erased.err and erased[1] and (tenant == '' or tenant == erased[2])
-- a request that went by its age leaves the images, which an entry shows
if isErased and not erased[3] then return named({ erasedAt = erased[1] }) end
if not known then return whyUnknown(id) end
-- what belongs to another tenant does not exist
if tenant ~= '' and generation.tenant ~= tenant then return false end
if isCall == '1' and generation.erasedAt and not generation.keepsImages then return named({ erasedAt = generation.erasedAt }) end
soundGeneration(key, generation)
local submissions = {}
for index = 0, tonumber(generation.images) - 1 do
  for n = 1, tonumber(generation['latest:' .. index]) do
    submissions[#submissions + 1] = named({ index = index, n = n, fields = redis.call('HGETALL', submissionKey(id, index, n)) })
  end
end
local queue = isUnderWay(generation.status) and findQueuePlace(id, generation) or nil
local words = generation.labels and redis.call('HMGET', key .. ':request', 'tags', 'metadata') or {}
local request = withRequest ~= '' and redis.call('HGET', key .. ':request', 'request') or nil
return named({
  generation = redis.call('HGETALL', key), submissions = submissions, request = request, tags = words[1] or nil, metadata = words[2] or nil,
  queue = queue, revision = shownRevision(generation.revision, generation.createdAt),
})
`);

const read = (
  redis: Redis,
  prefix: string,
  generationId: string,
  given: Partial<Record<'tenant' | 'withRequest' | 'isCall', string>> = {},
) =>
  readGenerationScript.run(redis, generationKey(prefix, generationId), prefix, {
    id: generationId,
    tenant: given.tenant,
    withRequest: given.withRequest,
    isCall: given.isCall,
  });

const erasedReply = namedReply(z.object({ erasedAt: number }));

/**
 * Reads a generation; undefined if Redis has none of this id. @throws GenerationError "generation.erased"
 * @param knownRequest Its request, if it is known: it may be large, and is not read again.
 * @param tenant Finds generations of this tenant alone.
 */
export async function findGeneration(
  redis: Redis,
  prefix: string,
  generationId: string,
  knownRequest?: StoredRequest,
  tenant?: string,
): Promise<GenerationView | undefined> {
  const reply = await read(redis, prefix, generationId, {
    tenant: tenant ?? '',
    withRequest: knownRequest === undefined ? '1' : '',
    isCall: '1',
  });
  if (reply === null) return undefined;
  if (isWhyUnknown(reply)) throw unreadError(generationId, reply);
  const { data: erased } = erasedReply.safeParse(reply);
  if (erased !== undefined) throw erasedError(generationId, erased.erasedAt);
  return parseGenerationView(prefix, generationId, reply, knownRequest);
}

export const erasedError = (generationId: string, erasedAt: number): GenerationError =>
  new GenerationError('generation.erased', `generation "${generationId}" was erased at ${new Date(erasedAt).toISOString()}`, {
    details: { generationId, erasedAt },
  });

/** Reads the submissions of a generation; none if Redis does not know it. */
export async function findSubmissions(redis: Redis, prefix: string, generationId: string): Promise<FoundSubmission[]> {
  const reply = await read(redis, prefix, generationId);
  return reply === null || isWhyUnknown(reply) ? [] : parseFoundSubmissions(prefix, generationId, reply);
}
