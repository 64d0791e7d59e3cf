import { SETTING_VERSION, settingRecordSchemaOf, STORE_ID, StorageError, type SettingKind, type SettingRecord } from '@darkroom/contracts';
import { z } from 'zod';
import type { Bucket } from './bucket.ts';
import { parseSettingEndKey, parseSettingKey, settingEndKey, settingKey, settingsOf, settingsOfKind } from './keys.ts';

/** Changes of settings: one object each, written once and never changed. */
export interface SettingsStore {
  /**
   * Records a change under its revision. @returns false if another change has that revision; then nothing was written.
   * @throws StorageError storage.unavailable
   */
  recordSetting(record: SettingRecord): Promise<boolean>;
  /**
   * Finds the change with the highest revision. @throws StorageError storage.unavailable; storage.corrupt-record if that change is
   * corrupt, or a later version wrote it: an earlier change must not replace it.
   * @param id "store" by default.
   */
  findNewestSetting<Kind extends SettingKind>(kind: Kind, id?: string): Promise<SettingRecord<Kind> | undefined>;
  /** Marks a setting whose last change is its end, so that no list has to be followed by a look at it. @throws StorageError storage.unavailable */
  markSettingEnded(kind: SettingKind, id: string): Promise<void>;
  /**
   * Lists the id of each setting of a kind and the revision of its newest change, in the order of ids.
   * @param after Lists only ids that are greater.
   */
  listSettings(kind: SettingKind, after?: string): AsyncGenerator<ListedSetting, void, undefined>;
}

export interface ListedSetting {
  id: string;
  revision: number;
  /** True for one that was marked as ended. */
  isEnded: boolean;
}

/** A change holds a few numbers and a reason. */
const MAX_SETTING_BYTES = 64 * 1024;

export function createSettingsStore(bucket: Bucket): SettingsStore {
  async function read(key: string): Promise<string> {
    const found = await bucket.read(key, MAX_SETTING_BYTES);
    if (found.kind === 'found') return new TextDecoder().decode(found.bytes);
    throw corrupt(key, found.kind === 'missing' ? 'it was listed and is missing' : `it has ${found.sizeBytes} bytes`);
  }

  return {
    async recordSetting(record) {
      const key = settingKey(record);
      const text = JSON.stringify(settingRecordSchemaOf(record.kind).parse(record));
      const written = await bucket.writeOnce(key, Buffer.from(text), 'application/json');
      // The first send of this very write may have arrived, and its answer been lost.
      return written.kind === 'written' || (written.byRetry && (await read(key)) === text);
    },
    async findNewestSetting(kind, id = STORE_ID) {
      let newest = 0;
      for await (const { key } of bucket.listAll(settingsOf(kind, id)))
        newest = Math.max(newest, parseSettingKey(kind, key)?.revision ?? 0);
      if (newest === 0) return undefined;
      const key = settingKey({ kind, id, revision: newest });
      return parseSetting(key, { kind, id, revision: newest }, await read(key));
    },
    markSettingEnded: async (kind, id) => void (await bucket.writeOnce(settingEndKey({ kind, id }), new Uint8Array(), 'text/plain')),
    async *listSettings(kind, after) {
      const prefix = settingsOfKind(kind);
      let newest: ListedSetting | undefined;
      // "0" follows "/" in the order of keys
      for await (const { key } of bucket.listAll(prefix, after === undefined ? undefined : `${prefix}${after}0`)) {
        const { id, revision } = parseSettingKey(kind, key) ?? { id: parseSettingEndKey(kind, key), revision: undefined };
        if (id === undefined) continue;
        if (newest !== undefined && newest.id !== id) yield newest;
        const before = newest?.id === id ? newest : { revision: 0, isEnded: false };
        newest = { id, revision: Math.max(before.revision, revision ?? 0), isEnded: before.isEnded || revision === undefined };
      }
      if (newest !== undefined) yield newest;
    },
  };
}

const anyVersion = z.looseObject({ version: z.int() });

function parseSetting<Kind extends SettingKind>(
  key: string,
  { kind, id, revision }: { kind: Kind; id: string; revision: number },
  text: string,
): SettingRecord<Kind> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw corrupt(key, 'it is not JSON', error);
  }
  const { data: { version } = { version: SETTING_VERSION } } = anyVersion.safeParse(json);
  if (version > SETTING_VERSION)
    throw corrupt(
      key,
      `a later Darkroom wrote it, in version ${version}; this one reads version ${SETTING_VERSION} and leaves it as it is`,
      undefined,
      { laterVersion: version },
    );
  const parsed = settingRecordSchemaOf(kind).safeParse(json);
  if (!parsed.success)
    throw corrupt(key, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '), parsed.error);
  // A record copied to another key would give one tenant the rules of another.
  if (parsed.data.id !== id) throw corrupt(key, `it is the setting of "${parsed.data.id}"`);
  if (parsed.data.revision !== revision) throw corrupt(key, `it is revision ${parsed.data.revision}`);
  return parsed.data;
}

const corrupt = (key: string, why: string, cause?: unknown, more: { laterVersion?: number } = {}): StorageError =>
  new StorageError('storage.corrupt-record', `setting '${key}' is corrupt: ${why}`, { cause, reached: 'yes', details: { key, ...more } });
