import {
  buildSettingRecord,
  capNames,
  changedLimits,
  type CapName,
  type FleetLimits,
  type FleetLimitsChange,
  type NanoUsd,
  type SettingKind,
  type SettingValue,
  type Signature,
  type SpendCaps,
} from '@darkroom/contracts';
import type { KeptSettings } from './ports.ts';
import { restoreSetting } from './restore-setting.ts';
import { keptCaps, keptLimits, type KeptKind } from './setting-kinds.ts';

/** Caps by name with their new values; null means no cap. */
export type CapsChange = Partial<Record<CapName, NanoUsd | null>>;

export type ChangedSetting<Value> =
  /** `before` is undefined if the store had none. */
  | { kind: 'changed'; before: Value | undefined; after: Value; revision: number }
  | { kind: 'unchanged'; value: Value; revision: number }
  /** Refused: Redis restarted and may have forgotten money, so no change is accepted that lets more be bought. */
  | { kind: 'recovering'; before: Value };

/** Attempts, more than operators that change it at once. */
const TRIES = 50;

/**
 * Changes the named caps.
 * @returns "incomplete" if the store has none yet, and none is named for a day.
 * @throws as `changeSetting` does.
 */
export const changeCaps = async (
  settings: KeptSettings,
  change: CapsChange,
  signature?: Signature,
): Promise<ChangedSetting<SpendCaps> | { kind: 'incomplete' }> =>
  (await changeSetting(settings, keptCaps, (before) => changedCaps(before, change), signature)) ?? { kind: 'incomplete' };

/**
 * Changes the named limits.
 * @throws as `changeSetting` does.
 */
export async function changeLimits(
  settings: KeptSettings,
  change: FleetLimitsChange,
  signature?: Signature,
): Promise<ChangedSetting<FleetLimits>> {
  const changed = await changeSetting(settings, keptLimits, (before = {}) => changedLimits(before, change), signature);
  if (changed === undefined) throw new Error('limits are never incomplete');
  return changed;
}

/**
 * Makes a change on top of the newest one in S3: records it there first, then tells Redis. Of two at once both hold, in the order of
 * their revisions.
 * @returns undefined when the change makes nothing whole. @throws StorageError when S3 is away; nothing was changed then, unless its error says that the write may have arrived.
 */
export async function changeSetting<Kind extends SettingKind>(
  settings: KeptSettings,
  kept: KeptKind<Kind>,
  change: (before: SettingValue<Kind> | undefined) => SettingValue<Kind> | undefined,
  { who, reason }: Signature = {},
): Promise<ChangedSetting<SettingValue<Kind>> | undefined> {
  const { store, archive } = settings;
  for (let tries = 0; tries < TRIES; tries += 1) {
    // Before the restrictions that are not recorded are read: one that is made later has a later time than the record.
    const at = await store.readTime();
    const known = await restoreSetting(settings, kept);
    const before = known?.value;
    const last = known?.revision ?? 0;
    const after = change(before);
    if (after === undefined) return undefined;
    if (before !== undefined && last > 0 && kept.isSame(before, after)) return { kind: 'unchanged', value: after, revision: last };
    const { isOpen, isRecovering } = await store.readServerRun();
    if (before !== undefined && isOpen && isRecovering && kept.permitsMore(before, after)) return { kind: 'recovering', before };
    const revision = last + 1;
    const record = buildSettingRecord(kept.kind, { revision, at, by: 'operator', who, reason, before: before ?? null, after }, kept.id);
    if (!(await archive.recordSetting(record))) continue;
    // Redis knows a later change by now, made on top of this one, or a restriction, which is to be recorded on top of it.
    if (!(await kept.apply(store, { revision, value: after, carried: [], changed: { at, who, reason } })))
      await restoreSetting(settings, kept);
    return { kind: 'changed', before, after, revision };
  }
  throw new Error(`the ${kept.kind} of the store were changed by others again and again; nothing was changed`);
}

function changedCaps(before: SpendCaps | undefined, change: CapsChange): SpendCaps | undefined {
  const wanted = (name: CapName): NanoUsd | undefined => (change[name] === undefined ? before?.[name] : (change[name] ?? undefined));
  const allPerDay = wanted('allPerDay');
  if (allPerDay === undefined) return undefined;
  const after: SpendCaps = { allPerDay };
  for (const name of capNames) {
    const cap = wanted(name);
    if (cap !== undefined) after[name] = cap;
  }
  return after;
}
