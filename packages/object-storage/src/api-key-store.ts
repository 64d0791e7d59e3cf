import { apiKeyRecordSchema, StorageError, type ApiKeyRecord } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { apiKeyRecordKey, apiKeysPrefix, parseApiKeyRecordKey } from './keys.ts';

/** Changes of the keys of the HTTP API: one object each, written once and never changed. All throw StorageError. */
export interface ApiKeyStore {
  /** Records a change under its revision. @returns false if another change has that revision; then nothing was written. */
  recordApiKey(record: ApiKeyRecord): Promise<boolean>;
  /** Lists the highest revision of each key, in one request for a thousand changes. */
  listApiKeyRevisions(): Promise<Map<string, number>>;
  /** Reads a change that was listed. @throws StorageError storage.corrupt-record if it is corrupt, or a later version wrote it. */
  readApiKey(id: string, revision: number): Promise<ApiKeyRecord>;
}

const MAX_RECORD_BYTES = 16 * 1024;

export function createApiKeyStore(bucket: Bucket): ApiKeyStore {
  async function readText(key: string): Promise<string> {
    const found = await bucket.read(key, MAX_RECORD_BYTES);
    if (found.kind === 'found') return new TextDecoder().decode(found.bytes);
    throw corrupt(key, found.kind === 'missing' ? 'it was listed and is missing' : `it has ${found.sizeBytes} bytes`);
  }

  return {
    async recordApiKey(record) {
      const key = apiKeyRecordKey(record);
      const text = JSON.stringify(apiKeyRecordSchema.parse(record));
      const written = await bucket.writeOnce(key, Buffer.from(text), 'application/json');
      // A worker that died after the write, or a lost answer, left this very change.
      return written.kind === 'written' || (await readText(key)) === text;
    },
    async listApiKeyRevisions() {
      const newest = new Map<string, number>();
      for await (const { key } of bucket.listAll(apiKeysPrefix)) {
        const named = parseApiKeyRecordKey(key);
        if (named !== undefined) newest.set(named.id, Math.max(named.revision, newest.get(named.id) ?? 0));
      }
      return newest;
    },
    async readApiKey(id, revision) {
      const key = apiKeyRecordKey({ id, revision });
      let value: unknown;
      try {
        value = JSON.parse(await readText(key));
      } catch (error) {
        if (error instanceof StorageError) throw error;
        throw corrupt(key, 'it is not JSON', error);
      }
      const parsed = apiKeyRecordSchema.safeParse(value);
      if (!parsed.success) throw corrupt(key, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
      if (parsed.data.id !== id || parsed.data.revision !== revision) throw corrupt(key, 'it is another change');
      return parsed.data;
    },
  };
}

const corrupt = (key: string, why: string, cause?: unknown): StorageError =>
  new StorageError('storage.corrupt-record', `setting '${key}' is corrupt: ${why}`, { cause, reached: 'yes', details: { key } });
