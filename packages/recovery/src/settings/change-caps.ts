import { buildSettingRecord, capNames, capsPermitMore, type CapName, type NanoUsd, type SpendCaps } from '@darkroom/contracts';
import type { KeptSettings } from './ports.ts';
import { isSame, restoreCaps } from './restore-caps.ts';

/** The caps that are named, each with what it is to be; null means no cap. */
export type CapsChange = Partial<Record<CapName, NanoUsd | null>>;

export type ChangedCaps =
  | { kind: 'changed'; before: SpendCaps | undefined; after: SpendCaps; revision: number }
  | { kind: 'unchanged'; caps: SpendCaps; revision: number }
  /** Refused: the store has no caps yet, and the change names none for a day. */
  | { kind: 'no-daily-cap' }
  /** Refused: Redis restarted and may have forgotten money, so nothing that lets more be bought is taken. */
  | { kind: 'recovering'; before: SpendCaps; after: SpendCaps };

/** As many operators as change them at once, and more. */
const TRIES = 50;

/**
 * Changes the named caps on top of the newest change in S3: records that first, then tells Redis. Of two at once both hold, in the order
 * of their revisions.
 * @throws StorageError when S3 is away; nothing was changed then, unless its error says that the write may have arrived.
 */
export async function changeCaps(settings: KeptSettings, change: CapsChange): Promise<ChangedCaps> {
  const { store, archive } = settings;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const known = await restoreCaps(settings);
    const before = known.kind === 'absent' ? undefined : known.caps;
    const after = changed(before, change);
    if (after === undefined) return { kind: 'no-daily-cap' };
    if (known.kind !== 'absent' && isSame(known.caps, after)) return { kind: 'unchanged', caps: after, revision: known.revision };
    const { isOpen, isRecovering } = await store.readServerRun();
    if (before !== undefined && isOpen && isRecovering && capsPermitMore(before, after)) return { kind: 'recovering', before, after };
    const revision = known.kind === 'absent' ? 1 : known.revision + 1;
    const record = buildSettingRecord('caps', { revision, at: await store.readTime(), by: 'operator', before: before ?? null, after });
    if (!(await archive.recordSetting(record))) continue;
    // Not written where Redis knows a later change by now, which was made on top of this one.
    await store.applyCaps({ revision, caps: after });
    return { kind: 'changed', before, after, revision };
  }
  throw new Error('the caps of the store were changed by others again and again; nothing was changed');
}

function changed(before: SpendCaps | undefined, change: CapsChange): SpendCaps | undefined {
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
