import { buildSettingRecord, defined, type OperatorPause, type Signature } from '@darkroom/contracts';
import type { KeptSettings } from './ports.ts';
import { restorePauses } from './restore-pauses.ts';

/** Attempts, more than operators that pause and resume at once. */
const TRIES = 50;

export type PausedByOperator =
  | { kind: 'paused'; operator: OperatorPause; revision: number }
  /** Another pause stands, and keeps its reason. */
  | { kind: 'stands'; operator: OperatorPause; revision: number };

/**
 * Pauses all buying, in S3 first and then in Redis.
 * @throws StorageError when S3 is away; Redis was then told nothing.
 */
export async function pauseByOperator(settings: KeptSettings, reason: string, by?: string): Promise<PausedByOperator> {
  const { store, archive } = settings;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const standing = await restorePauses(settings);
    if (standing.operator !== undefined) return { kind: 'stands', operator: standing.operator, revision: standing.revision };
    const { seen } = await store.findPauses();
    const at = await store.readTime();
    const operator = defined({ reason, since: at, by });
    const revision = standing.revision + 1;
    if (
      !(await archive.recordSetting(
        buildSettingRecord('pauses', { revision, at, by: 'operator', who: by, reason, before: {}, after: { operator } }),
      ))
    )
      continue;
    await store.applyPauses({ revision, operator, seen });
    return { kind: 'paused', operator, revision };
  }
  throw changedAgain();
}

export type ResumedByOperator =
  | { kind: 'resumed'; before: OperatorPause; revision: number }
  | { kind: 'not-paused' }
  /** Refused: Redis restarted, and no change is accepted that lets more be bought. */
  | { kind: 'recovering'; before: OperatorPause };

/**
 * Lifts the operator's pause, in S3 first and then in Redis.
 * @throws StorageError when S3 is away; the pause then stands.
 */
export async function resumeByOperator(settings: KeptSettings, { who, reason }: Signature = {}): Promise<ResumedByOperator> {
  const { store, archive } = settings;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { operator, revision: last } = await restorePauses(settings);
    if (operator === undefined) return { kind: 'not-paused' };
    const { isOpen, isRecovering } = await store.readServerRun();
    if (isOpen && isRecovering) return { kind: 'recovering', before: operator };
    const { seen } = await store.findPauses();
    const revision = last + 1;
    const record = buildSettingRecord('pauses', {
      revision,
      at: await store.readTime(),
      by: 'operator',
      who,
      reason,
      before: { operator },
      after: {},
    });
    if (!(await archive.recordSetting(record))) continue;
    // Not written where another pause was made since: the next look of a worker records that one.
    await store.applyPauses({ revision, operator: undefined, seen });
    return { kind: 'resumed', before: operator, revision };
  }
  throw changedAgain();
}

const changedAgain = (): Error => new Error('the pauses of the store were changed by others again and again; nothing was changed');
