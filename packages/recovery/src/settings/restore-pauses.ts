import { defined, buildSettingRecord, MAX_CLOCK_SKEW_MS, type OperatorPause, type SettingRecord } from '@darkroom/contracts';
import type { StoredPauses } from '@darkroom/generation-store';
import type { KeptSettings } from './ports.ts';

/** Origin of the operator's pause, or of its absence, on which Redis and S3 agree now. */
export interface RestoredPauses {
  /**
   * "same": Redis knew it. "brought-back": S3 knew better. "recorded": a pause that stood in Redis alone is in S3 now. "absent": S3 holds
   * no change of it, and nothing is paused.
   */
  kind: 'same' | 'brought-back' | 'recorded' | 'absent';
  operator?: OperatorPause;
  revision: number;
}

/** Attempts: of two that write the same revision at once, one continues with the other's change. */
const TRIES = 20;
/** Most characters of a reason, for those of an earlier version that accepted longer ones. */
const MAX_REASON = 2000;

/**
 * Makes the operator's pause in Redis what the newest change in S3 says. A pause that stands in Redis alone is recorded: it restricts,
 * and a worker or an operator without S3 made it. One that the newest change lifted, and that a Redis which went back still has, is not.
 * @throws StorageError when S3 is away, or when its newest change cannot be read.
 */
export async function restorePauses({ store, archive }: KeptSettings): Promise<RestoredPauses> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const newest = await archive.findNewestSetting('pauses');
    const known = await store.findPauses();
    const { seen } = known;
    const last = newest?.revision ?? 0;
    // Redis was told of a later change, which was recorded since S3 was asked.
    if (newest !== undefined && (known.revision ?? 0) > last && known.isRecorded)
      return answer('same', known.operator, known.revision ?? last);
    if (standsUnrecorded(known, newest)) {
      const revision = Math.max(last, known.revision ?? 0) + 1;
      const operator = { ...known.operator, reason: known.operator.reason.slice(0, MAX_REASON) };
      const before = newest?.after ?? null;
      const record = buildSettingRecord('pauses', { revision, at: await store.readTime(), by: 'redis', before, after: { operator } });
      if (!(await archive.recordSetting(record))) continue;
      if (await store.applyPauses({ revision, operator, seen })) return answer('recorded', operator, revision);
      continue;
    }
    const operator = newest?.after.operator;
    const revision = newest === undefined ? (known.revision ?? 0) : last;
    const isSame = newest === undefined || wasSame(known.operator, operator);
    const isKnown = known.isRecorded && known.revision === revision;
    if (isKnown || (await store.applyPauses({ revision, operator, seen })))
      return answer(newest === undefined ? 'absent' : isSame ? 'same' : 'brought-back', operator, revision);
  }
  throw new Error('the pauses of the store changed again and again while they were read');
}

function standsUnrecorded(
  known: StoredPauses,
  newest: SettingRecord<'pauses'> | undefined,
): known is StoredPauses & { operator: OperatorPause } {
  const { operator, revision } = known;
  if (operator === undefined || newest?.after.operator !== undefined) return false;
  if (newest === undefined) return true;
  // Made since Redis was told of the newest change.
  if (revision !== undefined && revision >= newest.revision) return true;
  const wasLifted = wasSame(operator, newest.before?.operator);
  // A moment that two clocks may disagree on keeps the pause: an operator may lift it again.
  const isOlder = operator.since > 0 && operator.since < newest.at - MAX_CLOCK_SKEW_MS;
  return !wasLifted && !isOlder;
}

const wasSame = (one: OperatorPause | undefined, other: OperatorPause | undefined): boolean =>
  one?.reason === other?.reason && one?.since === other?.since;

const answer = (kind: RestoredPauses['kind'], operator: OperatorPause | undefined, revision: number): RestoredPauses => ({
  kind,
  revision,
  ...defined({ operator }),
});
