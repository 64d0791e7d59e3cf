import { SETTING_VERSION, settingRecordSchemaOf, StorageError, type SettingKind, type SettingRecord } from '@darkroom/contracts';
import { z } from 'zod';
import type { Bucket } from './bucket.ts';
import { parseSettingKey, settingKey, settingsOf } from './keys.ts';

/** Changes of the settings of the store: one object each, written once and never changed. */
export interface SettingsStore {
  /**
   * Records a change under its revision. @returns false if another change has that revision; then nothing was written.
   * @throws StorageError storage.unavailable
   */
  recordSetting(record: SettingRecord): Promise<boolean>;
  /**
   * Finds the change with the highest revision. @throws StorageError storage.unavailable; storage.corrupt-record if that change is
   * corrupt, or a later version wrote it: an earlier change must not replace it.
   */
  findNewestSetting<Kind extends SettingKind>(kind: Kind): Promise<SettingRecord<Kind> | undefined>;
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
    async findNewestSetting(kind) {
      let newest = 0;
      for await (const { key } of bucket.listAll(settingsOf(kind))) newest = Math.max(newest, parseSettingKey(kind, key) ?? 0);
      if (newest === 0) return undefined;
      const key = settingKey({ kind, revision: newest });
      return parseSetting(key, kind, newest, await read(key));
    },
  };
}

const anyVersion = z.looseObject({ version: z.int() });

function parseSetting<Kind extends SettingKind>(key: string, kind: Kind, revision: number, text: string): SettingRecord<Kind> {
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
    );
  const parsed = settingRecordSchemaOf(kind).safeParse(json);
  if (!parsed.success)
    throw corrupt(key, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '), parsed.error);
  if (parsed.data.revision !== revision) throw corrupt(key, `it is revision ${parsed.data.revision}`);
  return parsed.data;
}

const corrupt = (key: string, why: string, cause?: unknown): StorageError =>
  new StorageError('storage.corrupt-record', `setting '${key}' is corrupt: ${why}`, { cause, reached: 'yes', details: { key } });
