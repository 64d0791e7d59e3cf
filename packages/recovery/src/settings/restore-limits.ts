import { buildSettingRecord, hasCode, type FleetLimits } from '@darkroom/contracts';
import type { KeptSettings } from './ports.ts';

/** Where the limits came from, that Redis and S3 agree on now; "absent": neither has any, and the defaults hold. */
export interface RestoredLimits {
  kind: 'same' | 'brought-back' | 'recorded' | 'absent';
  limits: FleetLimits;
  revision: number;
}

/** Two that write the same revision at once: one goes on with what the other wrote. */
const TRIES = 20;

/**
 * Makes Redis hold the newest limits that S3 knows. Where S3 knows none, records those that Redis holds.
 * @throws StorageError when S3 is away, or when its newest change cannot be read.
 */
export async function restoreLimits({ store, archive }: KeptSettings): Promise<RestoredLimits> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const newest = await archive.findNewestSetting('limits');
    const known = await store.findLimits().catch((error: unknown) => {
      if (hasCode(error, 'store.corrupt-record')) return undefined;
      throw error;
    });
    if (newest !== undefined) {
      const { revision, after: limits } = newest;
      // Redis was told of a later change, which was recorded since S3 was asked.
      if (known?.revision !== undefined && known.revision > revision)
        return { kind: 'same', limits: known.limits, revision: known.revision };
      if (known?.revision === revision && areSameLimits(known.limits, limits)) return { kind: 'same', limits, revision };
      if (await store.applyLimits({ revision, limits })) return { kind: 'brought-back', limits, revision };
      continue;
    }
    if (known === undefined || areSameLimits(known.limits, {})) {
      if (known?.revision === undefined) await store.applyLimits({ revision: 0, limits: {} });
      return { kind: 'absent', limits: {}, revision: 0 };
    }
    const { limits } = known;
    const revision = Math.max(1, known.revision ?? 1);
    const record = buildSettingRecord('limits', { revision, at: await store.readTime(), by: 'redis', before: null, after: limits });
    if (!(await archive.recordSetting(record))) continue;
    if (await store.applyLimits({ revision, limits })) return { kind: 'recorded', limits, revision };
  }
  throw new Error('the limits of the store changed again and again while they were read');
}

export const areSameLimits = (one: FleetLimits, other: FleetLimits): boolean => one.tasksAtProvider === other.tasksAtProvider;
