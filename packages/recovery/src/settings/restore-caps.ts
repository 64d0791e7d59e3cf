import { buildSettingRecord, capNames, hasCode, type SpendCaps } from '@darkroom/contracts';
import type { KeptSettings } from './ports.ts';

/** Where the caps came from, that Redis and S3 agree on now. */
export type RestoredCaps =
  | {
      /**
       * "same": Redis had them. "brought-back": S3 knew them better. "recorded": Redis had them, and S3 no change of any. "seeded":
       * neither had any.
       */
      kind: 'same' | 'brought-back' | 'recorded' | 'seeded';
      caps: SpendCaps;
      revision: number;
    }
  /** Neither has any, and no seed was given. */
  | { kind: 'absent' };

/** Two that write the same revision at once: one goes on with what the other wrote. */
const TRIES = 20;

/**
 * Makes Redis hold the newest caps that S3 knows. Where S3 knows none, records those of Redis, which an earlier version wrote; else
 * the seed. S3 is always written first: a process that dies in between leaves what the next call brings to Redis.
 * @throws StorageError when S3 is away, or when its newest change cannot be read.
 */
export async function restoreCaps({ store, archive }: KeptSettings, seed?: SpendCaps): Promise<RestoredCaps> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const newest = await archive.findNewestSetting('caps');
    const known = await store.findCaps().catch((error: unknown) => {
      if (hasCode(error, 'store.corrupt-record')) return undefined;
      throw error;
    });
    if (newest !== undefined) {
      const { revision, after: caps } = newest;
      // Redis was told of a later change, which was recorded since S3 was asked.
      if (known?.revision !== undefined && known.revision > revision) return { kind: 'same', ...known, revision: known.revision };
      if (known?.revision === revision && isSame(known.caps, caps)) return { kind: 'same', caps, revision };
      if (await store.applyCaps({ revision, caps })) return { kind: 'brought-back', caps, revision };
      continue;
    }
    const caps = known?.caps ?? seed;
    if (caps === undefined) return { kind: 'absent' };
    const revision = known?.revision ?? 1;
    const by = known === undefined ? 'environment' : 'redis';
    const record = buildSettingRecord('caps', { revision, at: await store.readTime(), by, before: null, after: caps });
    if (!(await archive.recordSetting(record))) continue;
    if (await store.applyCaps({ revision, caps })) return { kind: known === undefined ? 'seeded' : 'recorded', caps, revision };
  }
  throw new Error('the caps of the store changed again and again while they were read');
}

export const isSame = (one: SpendCaps, other: SpendCaps): boolean => capNames.every((name) => one[name] === other[name]);
