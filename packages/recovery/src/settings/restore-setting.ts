import {
  buildSettingRecord,
  defined,
  hasCode,
  MAX_CLOCK_SKEW_MS,
  type FleetLimits,
  type SettingKind,
  type SettingRecord,
  type SettingValue,
  type SpendCaps,
} from '@darkroom/contracts';
import type { KeptSettings, MadeRestriction } from './ports.ts';
import { keptCaps, keptLimits, type KeptKind } from './setting-kinds.ts';

/** Origin of a setting on which Redis and S3 agree now. */
export interface RestoredSetting<Value> {
  /**
   * "same": Redis had it. "brought-back": S3 knew it better. "recorded": S3 knows now what Redis alone had: what an earlier version wrote,
   * or what was restricted while S3 was away. "seeded": neither had any.
   */
  kind: 'same' | 'brought-back' | 'recorded' | 'seeded';
  value: Value;
  /** 0 while S3 holds none and the default holds. */
  revision: number;
}

/** Attempts: of two that write the same revision at once, one continues with the other's change. */
const TRIES = 20;

/**
 * Restores the caps.
 * @returns "absent" if neither has any and no seed was given.
 * @throws as `restoreSetting` does.
 */
export const restoreCaps = async (settings: KeptSettings, seed?: SpendCaps): Promise<RestoredSetting<SpendCaps> | { kind: 'absent' }> =>
  (await restoreSetting(settings, keptCaps, seed)) ?? { kind: 'absent' };

/**
 * Restores the limits, of which there is always a default.
 * @throws as `restoreSetting` does.
 */
export const restoreLimits = async (settings: KeptSettings): Promise<RestoredSetting<FleetLimits>> =>
  (await restoreSetting(settings, keptLimits)) ?? { kind: 'same', value: {}, revision: 0 };

/**
 * Makes Redis hold the newest change of a setting that S3 knows. Where S3 knows none, records what Redis holds, which an earlier version
 * wrote; else the seed. What was restricted in Redis alone is recorded on top of that. S3 is always written first: a process that dies in
 * between leaves what the next call brings to Redis.
 * @returns undefined when neither has any, and no seed was given. @throws StorageError when S3 is away, or when its newest change cannot be read.
 */
export async function restoreSetting<Kind extends SettingKind>(
  { store, archive }: KeptSettings,
  kept: KeptKind<Kind>,
  seed?: SettingValue<Kind>,
): Promise<RestoredSetting<SettingValue<Kind>> | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    // Before the restrictions are read: one that is made later has a later time than the record of this call.
    const at = await store.readTime();
    const newest = await archive.findNewestSetting(kept.kind, kept.id);
    const restrictions = await kept.findRestrictions(store);
    const known = await kept.find(store).catch((error: unknown) => {
      // S3 knows it.
      if (hasCode(error, 'store.corrupt-record')) return undefined;
      throw error;
    });
    const begin = beginningOf(kept, newest, known, seed);
    if (begin === undefined) return undefined;
    const holding = restrictions.filter((each) => stillHolds(each, newest));
    const after = holding.reduce((value, { lowered }) => kept.restrict(value, lowered), begin.value);
    const carried = restrictions.map(({ entry }) => entry);
    if (begin.isRecorded && kept.isSame(begin.value, after)) {
      const { revision } = begin;
      const isSame = known?.revision === revision && kept.isSame(known.value, after);
      if (isSame && carried.length === 0) return { kind: 'same', value: after, revision };
      const isNothing = revision === 0 && known === undefined;
      const changed = newest?.revision === revision ? { at: newest.at, who: newest.who, reason: newest.reason } : undefined;
      if (await kept.apply(store, { revision, value: after, carried, ...defined({ changed }) }))
        return { kind: isSame || isNothing ? 'same' : 'brought-back', value: after, revision };
      continue;
    }
    const revision = begin.isRecorded ? begin.revision + 1 : begin.revision;
    const { by } = begin;
    const { who, reason } = holding.findLast((each) => each.who !== undefined || each.reason !== undefined) ?? {};
    const signature = defined({ who, reason });
    const before = begin.isRecorded && begin.revision > 0 ? begin.value : null;
    if (!(await archive.recordSetting(buildSettingRecord(kept.kind, { revision, at, by, ...signature, before, after }, kept.id)))) continue;
    if (await kept.apply(store, { revision, value: after, carried, changed: { at, ...signature } }))
      return { kind: by === 'environment' ? 'seeded' : 'recorded', value: after, revision };
  }
  throw new Error(`the ${kept.kind} of the store changed again and again while they were read`);
}

interface Beginning<Value> {
  value: Value;
  revision: number;
  /** True if S3 holds a change with this content, or need not. */
  isRecorded: boolean;
  by: 'redis' | 'environment';
}

/** Returns the setting before the unrecorded restrictions. */
function beginningOf<Kind extends SettingKind>(
  { empty, isSame }: KeptKind<Kind>,
  newest: SettingRecord<Kind> | undefined,
  known: { revision?: number; value: SettingValue<Kind> } | undefined,
  seed: SettingValue<Kind> | undefined,
): Beginning<SettingValue<Kind>> | undefined {
  if (newest !== undefined) {
    // Redis was told of a later change, which was recorded since S3 was asked.
    if (known?.revision !== undefined && known.revision > newest.revision)
      return { value: known.value, revision: known.revision, isRecorded: true, by: 'redis' };
    return { value: newest.after, revision: newest.revision, isRecorded: true, by: 'redis' };
  }
  if (known !== undefined && !(empty !== undefined && isSame(known.value, empty)))
    return { value: known.value, revision: Math.max(1, known.revision ?? 1), isRecorded: false, by: 'redis' };
  if (empty !== undefined) return { value: empty, revision: 0, isRecorded: true, by: 'redis' };
  return seed === undefined ? undefined : { value: seed, revision: 1, isRecorded: false, by: 'environment' };
}

/**
 * Returns true if a restriction is newer than the newest change in S3. Each change is recorded on top of the restrictions that were found,
 * so an older one is in it, or an operator has lifted it since and a Redis that went back has it again. If the two clocks may disagree on a
 * moment the restriction stays: an operator may lift it again.
 */
const stillHolds = ({ at, revision }: MadeRestriction, newest: { at: number; revision: number } | undefined): boolean =>
  newest === undefined || revision >= newest.revision || at >= newest.at - MAX_CLOCK_SKEW_MS;
