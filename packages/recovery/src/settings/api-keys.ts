import { apiKeySchema, mintApiKey, QueueUnavailableError, type ApiKey, type ApiKeyRecord, type MintedApiKey } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';

/** The keys of the HTTP API: Redis holds what opens something now, S3 every change. */
export interface KeptApiKeys {
  store: Pick<
    GenerationStore,
    'addApiKey' | 'revokeApiKey' | 'findApiKey' | 'readUnrecordedApiKeys' | 'readApiKeyRevisions' | 'applyApiKey'
  >;
  archive: Pick<ObjectStorage, 'recordApiKey' | 'listApiKeyRevisions' | 'readApiKey'>;
}

/** Attempts to find a free revision: one for each change that Redis has forgotten. */
const TRIES = 20;

/** The number of changes that moved in each direction. */
export interface RestoredApiKeys {
  /** Into S3. */
  recorded: number;
  /** Into Redis, which had lost them. */
  broughtBack: number;
}

/**
 * Makes Redis and S3 agree on all keys: records what Redis alone has, then brings back the newest change of each key that S3 knows better.
 * A key that is revoked in one of them stays revoked.
 * @throws StorageError if S3 is away, or a change that Redis lacks cannot be read.
 */
export async function restoreApiKeys(keys: KeptApiKeys): Promise<RestoredApiKeys> {
  const recorded = await recordApiKeys(keys);
  const { store, archive } = keys;
  const [listed, known] = [await archive.listApiKeyRevisions(), await store.readApiKeyRevisions()];
  let broughtBack = 0;
  const failures: unknown[] = [];
  for (const [id, revision] of listed) {
    const there = known.get(id);
    if (there !== undefined && there.isRecorded && there.revision >= revision) continue;
    try {
      if (await store.applyApiKey(await archive.readApiKey(id, revision))) broughtBack += 1;
    } catch (error) {
      // One damaged key keeps no other from its owner.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return { recorded, broughtBack };
}

/** Records the changes that Redis alone has. A process that dies in between leaves them for the next call. */
async function recordApiKeys({ store, archive }: KeptApiKeys): Promise<number> {
  let recorded = 0;
  for (;;) {
    const changes = await store.readUnrecordedApiKeys();
    if (changes.length === 0) return recorded;
    for (const { entry, record } of changes) {
      await store.applyApiKey(await recordNext(archive, record), entry);
      recorded += 1;
    }
  }
}

/** Records a change. One whose revision S3 has given to another change, which Redis forgot, gets the next free number. */
async function recordNext(archive: KeptApiKeys['archive'], record: ApiKeyRecord): Promise<ApiKeyRecord> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const next = { ...record, revision: record.revision + tries };
    if (await archive.recordApiKey(next)) return next;
  }
  throw new Error(`no revision of API key "${record.id}" was free in S3; the change stays in redis`);
}

/**
 * Creates a key, and records it in S3 before it opens anything.
 * @param environment Second part of its text, such as "live".
 * @throws StorageError if S3 is away. A worker then records the key later, but its text is lost, so no caller can use it.
 */
export async function createApiKey(
  keys: KeptApiKeys,
  environment: string,
  key: Pick<ApiKey, 'tenant' | 'scopes' | 'name'>,
): Promise<MintedApiKey> {
  for (;;) {
    const minted = mintApiKey(environment);
    if (!(await keepApiKey(keys, minted, key))) continue;
    return minted;
  }
}

/** Stores a key that was minted earlier. @returns false if the store already has a key with this id, which may be this same key. */
export async function keepApiKey(
  keys: KeptApiKeys,
  { id, hash }: Pick<MintedApiKey, 'id' | 'hash'>,
  { tenant, scopes, name }: Pick<ApiKey, 'tenant' | 'scopes' | 'name'>,
): Promise<boolean> {
  const value = apiKeySchema.omit({ createdAt: true, revokedAt: true }).parse({ tenant, scopes, name, hash });
  let isAdded = false;
  for (let tries = 0; tries < TRIES; tries += 1) {
    isAdded = (await keys.store.addApiKey(id, value)) || isAdded;
    await recordApiKeys(keys);
    if ((await keys.store.findApiKey(id))?.isRecorded === true) return isAdded;
  }
  throw lost(id);
}

/**
 * Revokes a key: at once in Redis, then in S3.
 * @returns undefined if neither Redis nor S3 has it. @throws StorageError if S3 is away: it opens nothing all the same, and a worker records that.
 */
export async function revokeApiKey(keys: KeptApiKeys, id: string): Promise<'revoked' | 'revoked-before' | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const revoked = await keys.store.revokeApiKey(id);
    await restoreApiKeys(keys);
    const held = await keys.store.findApiKey(id);
    if (held === undefined) return undefined;
    if (held.isRecorded && held.revokedAt !== undefined) return revoked ?? 'revoked-before';
    // Redis had lost the key and has it again, or went back behind the revocation before S3 had it.
  }
  throw lost(id);
}

/** Builds the error for a Redis that goes back to an earlier state again and again. */
const lost = (id: string): QueueUnavailableError =>
  new QueueUnavailableError(`redis forgets what becomes of API key "${id}" before S3 has it: call again`, { reached: 'maybe' });
