import {
  apiKeyRecordSchema,
  apiKeySchema,
  defined,
  QueueUnavailableError,
  type ApiKey,
  type ApiKeyRecord,
  type ApiScope,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { json, parseEntry, passByCorrupt, readHash, whole } from '../corrupt-entry.ts';
import { apiKeyKey, apiKeysKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { hashReply } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { UNRECORDED } from './restrictions.ts';
import { readUnrecordedChanges, type UnrecordedChange } from './unrecorded-changes.ts';

/** Lua of both changes: notes the new value for a worker to record. */
const note = /* lua */ `
local function note(revision, after)
  redis.call('RPUSH', prefix .. ':api-keys${UNRECORDED}', '{"version":1,"kind":"keys","id":"' .. id .. '","revision":' .. int(revision) .. ',"after":' .. after .. '}')
end
`;

/**
 * Adds a key that opens nothing before S3 has it. Replies its time of creation; 0 if the id is taken. The text of the value ends
 * with NOW in place of that time.
 */
const addScript = createNamedScript(['id', 'value'])(/* lua */ `${prelude}${note}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local now = int(nowMs())
value = string.gsub(value, '"createdAt":"NOW"}$', '"createdAt":' .. now .. '}')
redis.call('HSET', KEYS[1], 'value', value, 'revision', 1)
redis.call('SADD', prefix .. ':api-keys', id)
note(1, value)
return tonumber(now)
`);

/** Ends a key at once. Replies 1, 0 if it was revoked before, -1 if there is none. */
const revokeScript = createNamedScript(['id'])(/* lua */ `${prelude}${note}
local key = hash(KEYS[1])
if not key.value then return -1 end
if string.find(key.value, '"revokedAt":', 1, true) then return 0 end
local value = string.sub(key.value, 1, -2) .. ',"revokedAt":' .. int(nowMs()) .. '}'
local revision = tonumber(key.revision) + 1
redis.call('HSET', KEYS[1], 'value', value, 'revision', int(revision))
note(revision, value)
return 1
`);

/**
 * Reads a key for a request, and keeps the minute of its last use. Replies value, if S3 has it, and if Redis may have forgotten what became of
 * the key; of an unknown key only the last one.
 */
const useScript = createNamedScript(['everyMs', 'asks'])(/* lua */ `${prelude}
local flat = redis.pcall('HMGET', KEYS[1], 'value', 'isRecorded', 'lastUsedAt')
if flat.err then corrupt(KEYS[1], 'type') end
-- a read with a known key costs no look at the server
local forgets = (asks == 'all' or asks == 'unknown' and not flat[1]) and recovering() and '1' or '0'
if not flat[1] then return { forgets } end
local now = nowMs()
local last = tonumber(flat[3] or 0) or 0
if now - last >= tonumber(everyMs) or last > now then redis.call('HSET', KEYS[1], 'lastUsedAt', int(now)) end
return { flat[1], flat[2] or '0', forgets }
`);

/**
 * Writes a key of a change that S3 holds, unless Redis has a later one or one that restricts more, and forgets the carried change.
 * Replies 1 if it was written, else 0.
 */
const applyScript = createNamedScript(['id', 'revision', 'value', 'carried'])(/* lua */ `${prelude}
-- a key of another type is replaced: S3 knows it
local length = redis.pcall('HLEN', KEYS[1])
if type(length) == 'table' then redis.call('DEL', KEYS[1]) end
local key = hash(KEYS[1])
if carried ~= '' then redis.call('LREM', prefix .. ':api-keys${UNRECORDED}', 1, carried) end
local isRevoked = key.value and string.find(key.value, '"revokedAt":', 1, true)
local revokes = string.find(value, '"revokedAt":', 1, true)
if isRevoked and not revokes then
  redis.call('HSET', KEYS[1], 'isRecorded', 1)
  return 0
end
if key.value and (tonumber(key.revision) or 0) > tonumber(revision) then return 0 end
redis.call('HSET', KEYS[1], 'value', value, 'revision', revision, 'isRecorded', 1)
redis.call('SADD', prefix .. ':api-keys', id)
return 1
`);

const storedValue = json.pipe(apiKeySchema);
const storedSchema = z.object({
  value: storedValue,
  revision: whole,
  isRecorded: z.enum(['0', '1']).default('0'),
  lastUsedAt: whole.optional(),
});

/** A key as Redis holds it. */
export interface StoredApiKey extends ApiKey {
  id: string;
  revision: number;
  /** True once S3 has the key; before that it opens nothing. */
  isRecorded: boolean;
  /** The minute of its last use, in milliseconds since 1970. */
  lastUsedAt?: number;
}

/** Adds a key, which holds once a worker or a command has recorded it in S3. @returns false if its id is taken. */
export async function addApiKey(redis: Redis, prefix: string, id: string, key: Omit<ApiKey, 'createdAt' | 'revokedAt'>): Promise<boolean> {
  const value = JSON.stringify({ ...key, createdAt: 'NOW' });
  return (await addScript.run(redis, apiKeyKey(prefix, id), prefix, { id, value })) !== 0;
}

/** Revokes a key at once. @returns undefined if there is none. */
export async function revokeApiKey(redis: Redis, prefix: string, id: string): Promise<'revoked' | 'revoked-before' | undefined> {
  const reply = await revokeScript.run(redis, apiKeyKey(prefix, id), prefix, { id });
  return reply === -1 ? undefined : reply === 1 ? 'revoked' : 'revoked-before';
}

/** A use is noted once a minute. */
const USED_EVERY_MS = 60_000;

/**
 * Reads a key for a request.
 * @param scope Scope of the call. Redis that came back may have forgotten that the key was made or revoked, until it is compared with S3: a known key
 * then reads alone, and an unknown one is not refused.
 * @returns undefined for one that opens nothing: unknown, revoked, or not recorded yet. For a call the last one is named. @throws QueueUnavailableError
 */
export async function useApiKey(
  redis: Redis,
  prefix: string,
  id: string,
  scope?: ApiScope,
): Promise<(ApiKey & { isPending?: true }) | undefined> {
  const asks = scope === undefined ? 'nothing' : scope === 'read' ? 'unknown' : 'all';
  const reply = z.array(z.string()).parse(await useScript.run(redis, apiKeyKey(prefix, id), prefix, { everyMs: USED_EVERY_MS, asks }));
  if (reply.at(-1) === '1')
    throw new QueueUnavailableError(
      'redis came back, and S3 is being asked whether the API key was revoked meanwhile; nothing was done, call again in some seconds',
      { reached: 'no', details: { reason: 'recovering' } },
    );
  const [value, isRecorded] = reply.length === 3 ? reply : [];
  const isPending = isRecorded !== '1';
  if (value === undefined || (isPending && scope === undefined)) return undefined;
  const key = parseEntry(apiKeyKey(prefix, id), storedValue, value);
  if (key.revokedAt !== undefined) return undefined;
  return isPending ? { ...key, isPending } : key;
}

/** Reads one key. */
export async function findApiKey(redis: Redis, prefix: string, id: string): Promise<StoredApiKey | undefined> {
  const key = apiKeyKey(prefix, id);
  const fields = await readHash(redis, key);
  if (Object.keys(fields).length === 0) return undefined;
  const { value, revision, isRecorded, lastUsedAt } = parseEntry(key, storedSchema, fields);
  return { id, ...value, revision, isRecorded: isRecorded === '1', ...defined({ lastUsedAt }) };
}

/** Reads all keys, the oldest first. A damaged one opens nothing, and is passed by until a worker brings it back from S3. */
export async function listApiKeys(redis: Redis, prefix: string): Promise<StoredApiKey[]> {
  const ids = await redis.smembers(apiKeysKey(prefix));
  const keys: StoredApiKey[] = [];
  // Some hundred at most: one for each backend of each tenant.
  for (const id of ids) {
    const key = await findApiKey(redis, prefix, id).catch(passByCorrupt);
    if (key !== undefined) keys.push(key);
  }
  return keys.toSorted((a, b) => a.createdAt - b.createdAt);
}

/** Reads changes that S3 does not have, the oldest first. Unreadable ones are put aside: they are of their owners alone. */
export const readUnrecordedApiKeys = (redis: Redis, prefix: string): Promise<UnrecordedChange<ApiKeyRecord>[]> =>
  readUnrecordedChanges(redis, apiKeysKey(prefix), prefix, apiKeyRecordSchema);

/**
 * Writes a key as a change in S3 has it. Never makes a revoked key valid again.
 * @param carried The text of the unrecorded change that this is.
 * @returns true if it was written.
 */
export async function applyApiKey(redis: Redis, prefix: string, { id, revision, after }: ApiKeyRecord, carried = ''): Promise<boolean> {
  const given = { id, revision, value: JSON.stringify(apiKeySchema.parse(after)), carried };
  return (await applyScript.run(redis, apiKeyKey(prefix, id), prefix, given)) === 1;
}

/** The part of Redis with the keys of the HTTP API, as it is read for many. */
export type ApiKeyRevisions = ReadonlyMap<string, { revision: number; isRecorded: boolean }>;

const revisionsScript = createLuaScript(/* lua */ `${prelude}
local reply = {}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local fields = redis.pcall('HMGET', prefix .. ':api-key:' .. id, 'revision', 'isRecorded', 'value')
  if not fields.err and fields[1] and fields[3] then
    reply[#reply + 1] = id
    reply[#reply + 1] = fields[1] .. ' ' .. (fields[2] or '0') .. ' ' .. fields[3]
  end
end
return reply
`);

/** Reads the revision of each key. A damaged one counts as unknown. */
export async function readApiKeyRevisions(redis: Redis, prefix: string): Promise<ApiKeyRevisions> {
  const reply = hashReply.parse(await revisionsScript.run(redis, apiKeysKey(prefix), [prefix]));
  return new Map(
    Object.entries(reply).flatMap(([id, text]) => {
      const [, revision, isRecorded, value] = /^(\d+) (\d) (.*)$/s.exec(text) ?? [];
      if (!storedValue.safeParse(value).success) return [];
      return [[id, { revision: Number(revision), isRecorded: isRecorded === '1' }]];
    }),
  );
}
