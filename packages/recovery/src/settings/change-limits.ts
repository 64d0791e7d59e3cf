import { buildSettingRecord, DEFAULT_TASKS_AT_PROVIDER, type FleetLimits } from '@darkroom/contracts';
import type { KeptSettings } from './ports.ts';
import { areSameLimits, restoreLimits } from './restore-limits.ts';

export type ChangedLimits =
  | { kind: 'changed'; before: FleetLimits; after: FleetLimits; revision: number }
  | { kind: 'unchanged'; limits: FleetLimits; revision: number }
  /** Refused: Redis restarted, and nothing that lets more be bought is taken. */
  | { kind: 'recovering'; before: FleetLimits; after: FleetLimits };

/** As many operators as change them at once, and more. */
const TRIES = 50;

/**
 * Changes the limits that are named: records that in S3 first, then tells Redis. Of two at once both hold, in the order of their revisions.
 * @throws StorageError when S3 is away; nothing was changed then, unless its error says that the write may have arrived.
 */
export async function changeLimits(settings: KeptSettings, change: FleetLimits): Promise<ChangedLimits> {
  const { store, archive } = settings;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { limits: before, revision: last } = await restoreLimits(settings);
    const after = { ...before, ...change };
    if (last > 0 && areSameLimits(before, after)) return { kind: 'unchanged', limits: after, revision: last };
    const { isOpen, isRecovering } = await store.readServerRun();
    if (isOpen && isRecovering && tasksOf(after) > tasksOf(before)) return { kind: 'recovering', before, after };
    const revision = last + 1;
    const record = buildSettingRecord('limits', { revision, at: await store.readTime(), by: 'operator', before, after });
    if (!(await archive.recordSetting(record))) continue;
    // Not written where Redis knows a later change by now, which was made on top of this one.
    await store.applyLimits({ revision, limits: after });
    return { kind: 'changed', before, after, revision };
  }
  throw new Error('the limits of the store were changed by others again and again; nothing was changed');
}

/** Returns how many tasks limits allow at the provider. */
const tasksOf = ({ tasksAtProvider = DEFAULT_TASKS_AT_PROVIDER }: FleetLimits): number => tasksAtProvider;
