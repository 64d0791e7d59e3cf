import {
  encodeTenant,
  isReceiving,
  MAX_ENDPOINT_CHANGES,
  webhookEndpointRecordSchema,
  webhookEndpointSchema,
  type WebhookEndpoint,
  type WebhookEndpointRecord,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { corruptRecordOf, json, parseEntry, passByCorrupt, readHash, whole } from '../corrupt-entry.ts';
import { endpointHealthKey, openKey, webhookEndpointKey, webhookEndpointsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import { readUnrecordedChanges, type UnrecordedChange } from '../settings/unrecorded-changes.ts';
import { UNRECORDED } from '../settings/restrictions.ts';

/**
 * Endpoints of tenants. The hash `webhook-endpoint:<id>` holds the newest `value` with its `revision`, `isRecorded` once S3 has it, and the
 * value `inForce`, by which the notifier sends. A change after which nothing is sent is in force at once; any other once S3 has it. The set
 * `webhook-endpoints:<tenant>` names the endpoints of a tenant, `webhook-endpoints` those of all, and the list `webhook-endpoints-unrecorded`
 * holds the changes that a worker has to record. A deleted endpoint leaves both sets once S3 has its end, and its hash a day later.
 */

/**
 * Time for which Redis tells that an endpoint is deleted once S3 has that: longer than a worker takes between a look at S3 and the change that it
 * brings, so that an earlier one never comes after it, and as long as the notifier looks for an endpoint that Redis does not have.
 */
const DELETED_SECONDS = 86_400;

/**
 * Makes a change on top of the revision that the caller has read. Replies 1; 0 if there is another revision by now; -1 if the tenant has too
 * many endpoints; -2 if Redis may have forgotten a change, and this one would let more be sent; -3 if the tenant has made too many changes in a
 * day: each stays in S3 for good. An end of sending is never refused.
 */
const changeScript = createNamedScript(['id', 'member', 'known', 'value', 'restricts', 'most', 'mostChanges'])(/* lua */ `${prelude}
local endpoint = hash(KEYS[1])
if (endpoint.revision or '0') ~= known then return 0 end
if restricts ~= '1' and recovering() then return -2 end
local own = prefix .. ':webhook-endpoints:' .. member
if known == '0' and redis.call('SCARD', own) >= tonumber(most) then return -1 end
local wasOn = endpoint.value and string.find(endpoint.value, '"status":"enabled"', 1, true)
local stops = restricts == '1' and wasOn or string.find(value, '"status":"deleted"', 1, true)
local changes = own .. ':changes'
if (tonumber(redis.call('GET', changes)) or 0) >= tonumber(mostChanges) and not stops then return -3 end
if redis.call('INCR', changes) == 1 then redis.call('EXPIRE', changes, 86400) end
local revision = int(tonumber(known) + 1)
redis.call('HSET', KEYS[1], 'value', value, 'revision', revision, 'isRecorded', 0)
if restricts == '1' then redis.call('HSET', KEYS[1], 'inForce', value) end
redis.call('SADD', own, id)
redis.call('SADD', prefix .. ':webhook-endpoints', id)
redis.call('RPUSH', prefix .. ':webhook-endpoints${UNRECORDED}', '{"version":1,"kind":"endpoints","id":"' .. id .. '","revision":' .. revision .. ',"after":' .. value .. '}')
return 1
`);

/**
 * Writes an endpoint as a change in S3 has it, and forgets the carried change. A later value that stops sending stays in force. Replies 1 if
 * the change is the newest now, else 0.
 */
const applyScript = createNamedScript(['id', 'member', 'revision', 'value', 'carried', 'restricts', 'isDeleted'])(/* lua */ `${prelude}
-- a key of another type is replaced: S3 knows it
if type(redis.pcall('HLEN', KEYS[1])) == 'table' then redis.call('DEL', KEYS[1]) end
local endpoint = hash(KEYS[1])
if carried ~= '' then redis.call('LREM', prefix .. ':webhook-endpoints${UNRECORDED}', 1, carried) end
local known = tonumber(endpoint.revision) or 0
-- two workers may record one change twice: under the number of a change that came since, too
local isOlder = known > tonumber(revision) or (known == tonumber(revision) and endpoint.isRecorded ~= '1' and endpoint.value ~= value)
if isOlder then
  -- a change came since: until S3 has that one, this one is in force, unless that one stops sending
  if endpoint.isRecorded ~= '1' and endpoint.inForce ~= endpoint.value then redis.call('HSET', KEYS[1], 'inForce', value) end
  return 0
end
-- an older change adds nothing: the endpoint may be deleted since
local command = isDeleted == '1' and 'SREM' or 'SADD'
redis.call(command, prefix .. ':webhook-endpoints:' .. member, id)
redis.call(command, prefix .. ':webhook-endpoints', id)
redis.call('HSET', KEYS[1], 'value', value, 'inForce', value, 'revision', revision, 'isRecorded', 1)
if isDeleted == '1' then
  redis.call('EXPIRE', KEYS[1], ${DELETED_SECONDS})
  redis.call('DEL', prefix .. ':endpoint-health:' .. id, prefix .. ':notifications-failed:' .. id)
else
  redis.call('PERSIST', KEYS[1])
end
-- what failed before says nothing of an endpoint that gets something again
if restricts ~= '1' and endpoint.inForce ~= value then redis.call('DEL', prefix .. ':endpoint-health:' .. id) end
return 1
`);

/** The text of an endpoint in Redis. */
export const storedValue = json.pipe(webhookEndpointSchema);
const storedSchema = z.object({ value: storedValue, revision: whole, isRecorded: z.enum(['0', '1']).catch('0') });

/** An endpoint as Redis holds it. */
export interface StoredEndpoint extends WebhookEndpoint {
  id: string;
  revision: number;
  /** True once S3 has this revision. A change that lets more be sent holds only then. */
  isRecorded: boolean;
}

export type ChangedEndpoint = 'changed' | 'changed-by-another' | 'too-many' | 'recovering' | 'too-often';

const changedReplies = new Map<unknown, ChangedEndpoint>([
  [1, 'changed'],
  [0, 'changed-by-another'],
  [-1, 'too-many'],
  [-2, 'recovering'],
  [-3, 'too-often'],
]);

/**
 * @param known Revision of the value before; 0 for a new endpoint. @param most Bound of the endpoints of a tenant. @param mostChanges Bound of the
 * changes of a tenant in a day.
 */
export async function changeEndpoint(
  redis: Redis,
  prefix: string,
  change: { id: string; known: number; value: WebhookEndpoint; most: number; mostChanges?: number },
): Promise<ChangedEndpoint> {
  const { id, known, value, most, mostChanges = MAX_ENDPOINT_CHANGES } = change;
  const restricts = isReceiving(value) ? 0 : 1;
  const given = { id, member: encodeTenant(value.tenant), known, value: textOf(value), restricts, most, mostChanges };
  const reply = await changeScript.run(redis, webhookEndpointKey(prefix, id), prefix, given);
  return changedReplies.get(reply) ?? 'changed-by-another';
}

const forgetfulScript = createLuaScript(/* lua */ `${prelude}
return recovering() and 1 or 0
`);

/** Returns true while Redis may have forgotten an endpoint, because it is not compared with S3 since it restarted. */
export const mayHaveForgotten = async (redis: Redis, prefix: string): Promise<boolean> =>
  (await forgetfulScript.run(redis, openKey(prefix), [prefix])) === 1;

/** Reads an endpoint, deleted ones too. */
export async function findEndpoint(redis: Redis, prefix: string, id: string): Promise<StoredEndpoint | undefined> {
  const key = webhookEndpointKey(prefix, id);
  const fields = await readHash(redis, key);
  if (Object.keys(fields).length === 0) return undefined;
  const { value, revision, isRecorded } = parseEntry(key, storedSchema, fields);
  return { id, ...value, revision, isRecorded: isRecorded === '1' };
}

/** Reads the endpoints of a tenant that are not deleted, the oldest first. An unreadable one keeps no other from its tenant. */
export async function listEndpoints(redis: Redis, prefix: string, tenant: string): Promise<StoredEndpoint[]> {
  const ids = await redis.smembers(webhookEndpointsKey(prefix, tenant));
  const found = await Promise.all(ids.map((id) => findEndpoint(redis, prefix, id).catch(passByCorrupt)));
  return found
    .filter((endpoint) => endpoint !== undefined)
    .filter(({ status }) => status !== 'deleted')
    .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

/** Reads the value by which an endpoint is served now; undefined if it gets nothing yet. @throws CorruptRecordError */
export async function findEndpointInForce(redis: Redis, prefix: string, id: string): Promise<WebhookEndpoint | undefined> {
  const key = webhookEndpointKey(prefix, id);
  const text = await redis.hget(key, 'inForce').catch((error: unknown) => {
    throw corruptRecordOf(error, key) ?? error;
  });
  return text === null ? undefined : parseEntry(key, storedValue, text);
}

/** An endpoint that gets notifications now. */
export interface ReceivingEndpoint extends Partial<WebhookEndpoint> {
  /** All else is absent for an unreadable one: nothing tells what it wants. */
  id: string;
}

/** Reads the endpoints of a tenant that get notifications now. @param onUnreadable Hears of each that cannot be read. */
export async function listReceiving(
  redis: Redis,
  prefix: string,
  tenant: string,
  onUnreadable?: (id: string, error: unknown) => void,
): Promise<ReceivingEndpoint[]> {
  const ids = await redis.smembers(webhookEndpointsKey(prefix, tenant));
  const found = await Promise.all(
    ids.map(async (id): Promise<ReceivingEndpoint | undefined> => {
      try {
        const endpoint = await findEndpointInForce(redis, prefix, id);
        return endpoint !== undefined && isReceiving(endpoint) ? { id, ...endpoint } : undefined;
      } catch (error) {
        passByCorrupt(error);
        onUnreadable?.(id, error);
        return { id };
      }
    }),
  );
  return found.filter((endpoint) => endpoint !== undefined);
}

/** Reads changes that S3 does not have, the oldest first. Unreadable ones are put aside. */
export const readUnrecordedEndpoints = (redis: Redis, prefix: string): Promise<UnrecordedChange<WebhookEndpointRecord>[]> =>
  readUnrecordedChanges(redis, `${prefix}:webhook-endpoints`, prefix, webhookEndpointRecordSchema);

/**
 * Writes an endpoint as a change in S3 has it.
 * @param carried The text of the unrecorded change that this is.
 * @returns true if it is the newest change now.
 */
export async function applyEndpoint(
  redis: Redis,
  prefix: string,
  { id, revision, after }: WebhookEndpointRecord,
  carried = '',
): Promise<boolean> {
  const member = encodeTenant(after.tenant);
  const isDeleted = after.status === 'deleted' ? 1 : 0;
  const given = { id, member, revision, value: textOf(after), carried, restricts: isReceiving(after) ? 0 : 1, isDeleted };
  return (await applyScript.run(redis, webhookEndpointKey(prefix, id), prefix, given)) === 1;
}

/** Returns the time until which an endpoint asked for rest, in milliseconds since 1970; 0 for none. */
export const readRest = async (redis: Redis, prefix: string, id: string): Promise<number> =>
  Number(await redis.hget(endpointHealthKey(prefix, id), 'restUntil')) || 0;

/** Returns the text of a value, the same for the same value. */
const textOf = (value: WebhookEndpoint): string => JSON.stringify(webhookEndpointSchema.parse(value));
