import { checksContent, type Labels } from '@darkroom/contracts';
import { nameArguments } from '../lua/named.ts';
import type { RememberedGeneration } from '../recovery/remembered.ts';
import { outlineFields, sha256, textOf } from './kept-request.ts';
import type { Retention } from './retention.ts';

const given = nameArguments([
  'id',
  'request',
  'requestDigest',
  'tenant',
  'images',
  'amount',
  'deadlineAt',
  'runAt',
  'idempotencyDigest',
  'idempotencySeconds',
  'retentionSeconds',
  'clientReference',
  'retryOf',
  'replaces',
  'payAgainReason',
  'provider',
  'model',
  'expected',
  'outline',
  'tags',
  'metadata',
  'labels',
  'webhook',
  'priority',
  'withhold',
  'checked',
  'traceparent',
]);

/** Place in ARGV of what follows the arguments of a new generation. */
export const AFTER_NEW_GENERATION = given.after;

/** Names a tag in the key of its list. Callers' words stand in no key. */
export const digestOfTag = (tag: string): string => sha256(tag).slice(0, 32);

/** Returns the field `labels` of an entry: the digests of its tags; "-" for metadata or a receiver alone, '' for a generation without labels. */
const labelsOf = ({ tags = [], metadata, webhook }: Labels): string =>
  tags.map(digestOfTag).join(' ') || (metadata === undefined && webhook === undefined ? '' : '-');

/**
 * Returns the first arguments of the scripts that make a generation. A caller that enqueues a restored generation again finds its own: the
 * digest of the request is the same from Redis and from S3.
 */
export function generationArguments(
  prefix: string,
  retention: Retention,
  generation: Omit<RememberedGeneration, 'submissions' | 'createdAt'> & { traceparent?: string },
): (string | number)[] {
  const { generationId, tenant, request, outline, imageNanoUsd, deadlineAt, runAt, idempotencyKeyHash, tags, metadata, webhook } =
    generation;
  const { retryOf, replaces, payAgainReason, priority, withholdFlagged, traceparent } = generation;
  return [
    prefix,
    ...given.list({
      id: generationId,
      ...textOf(request),
      tenant,
      images: outline.request.numberResults,
      amount: imageNanoUsd,
      deadlineAt,
      runAt,
      idempotencyDigest: idempotencyKeyHash,
      idempotencySeconds: retention.idempotencySeconds,
      retentionSeconds: retention.recordSeconds,
      clientReference: outline.request.clientReference,
      retryOf,
      replaces: replaces?.join(' '),
      payAgainReason,
      ...outlineFields(outline),
      tags: tags && JSON.stringify(tags),
      metadata: metadata && JSON.stringify(metadata),
      labels: labelsOf(generation),
      webhook: webhook && JSON.stringify(webhook),
      priority: priority === 'normal' ? undefined : priority,
      withhold: withholdFlagged ? 1 : undefined,
      checked: checksContent(outline.request) ? 1 : undefined,
      traceparent,
    }),
  ];
}

/**
 * Returns the arguments of a generation that follows another one of the same call: the number of those that differ, and of each the place
 * and the value. Most generations of a call differ in id and request alone.
 */
export function argumentsAfter(before: readonly (string | number)[], next: readonly (string | number)[]): (string | number)[] {
  const differing: (string | number)[] = [0];
  for (const [at, value] of next.entries()) if (at > 0 && value !== before[at]) differing.push(at, value);
  differing[0] = (differing.length - 1) / 2;
  return differing;
}

/**
 * Writes the entry of a new generation from these arguments. A script that makes several takes the arguments of each in turn. After the
 * prelude, the lists and the open images.
 */
export const newGeneration = /* lua */ `
local ${given.names}
local idempotencyKey, taken
-- the generation that the functions below concern from now on
local function takeGeneration(values)
  if values == taken then return end
  taken = values
  ${given.names} = unpack(values, 1, ${given.last - given.first + 1})
  images, amount = tonumber(images), tonumber(amount)
  idempotencyKey = prefix .. ':idempotency:' .. tenantPart(tenant) .. ':' .. idempotencyDigest
end
takeGeneration({ unpack(ARGV, ${given.first}, ${given.last}) })

-- the arguments of each generation of this call: those of the first one, and for each other one those that differ (argumentsAfter)
local function eachGiven()
  local values = taken
  local all, at = { values }, ${given.after}
  while at <= #ARGV do
    values = { unpack(values, 1, ${given.last - given.first + 1}) }
    local differing = tonumber(ARGV[at])
    for place = at + 1, at + 2 * differing, 2 do values[tonumber(ARGV[place])] = ARGV[place + 1] end
    all[#all + 1] = values
    at = at + 2 * differing + 1
  end
  return all
end

-- the words themselves lie beside the request, which is erased with them
local function keepLabels(key, set)
  if labels == '' then return end
  redis.call('HSET', key, 'labels', labels)
  if tags ~= '' then redis.call(set, key .. ':request', 'tags', tags) end
  if metadata ~= '' then redis.call(set, key .. ':request', 'metadata', metadata) end
  if webhook ~= '' then redis.call(set, key .. ':request', 'webhook', webhook) end
end

-- "more": further fields of the entry, names and values in turn
local function writeEntry(key, id, status, createdAt, revision, more)
  -- under its own key: it may be erased, it may be long, and few scripts need it
  if request ~= '' then redis.call('HSET', key .. ':request', 'request', request) end
  addGiven(more, 'clientReference', clientReference)
  addGiven(more, 'retryOf', retryOf)
  addGiven(more, 'replaces', replaces)
  addGiven(more, 'withholdFlagged', withhold)
  addGiven(more, 'priority', priority)
  addGiven(more, 'traceparent', traceparent)
  raised[id] = int(revision)
  redis.call('HSET', key, 'status', status, 'provider', provider, 'model', model, 'expected', expected, 'outline', outline, 'requestDigest', requestDigest, 'tenant', tenant,
    'images', images, 'createdAt', createdAt, 'cost', 0, 'deadlineAt', deadlineAt, 'runAt', runAt, 'idempotencyDigest', idempotencyDigest,
    'idempotencySeconds', idempotencySeconds, 'retentionSeconds', retentionSeconds, 'revision', raised[id], unpack(more))
  if payAgainReason ~= '' then redis.call('HSET', key, 'mayPayAgain', 1, 'reason', payAgainReason) end
  keepLabels(key, 'HSET')
  if labels ~= '' then addToTags(id, { tenant = tenant, createdAt = createdAt, labels = labels }) end
end

local function createGeneration(key, id, status, createdAt, revision)
  -- first: a key of another type ends the script here, before half an entry is written
  redis.call('ZADD', prefix .. ':open', createdAt, id)
  writeEntry(key, id, status, createdAt, revision, { 'live', 0 })
  for index = 0, images - 1 do setImage(key, id, tenant, index, 'open') end
  addToLists(id, { tenant = tenant, status = status, createdAt = createdAt })
end

-- its time begins when the generation is over: if the key ended before, the same order could be bought twice
local function takeIdempotencyKey(id)
  if idempotencyDigest ~= '' then redis.call('HSET', idempotencyKey, 'generationId', id, 'requestDigest', requestDigest) end
end
`;
