import { hasCode, type ListedRecord, type SubmissionResult } from '@darkroom/contracts';
import type { PeriodMoney } from '@darkroom/generation-store';
import { consequencesOf } from '@darkroom/purchase';
import { readGenerationRecords, type GenerationRecords } from './generation-records.ts';
import type { Recovery } from './ports.ts';
import { rememberPastRetry } from './retries.ts';

/** Money that one submission moved in the ledger. */
export interface Charge {
  /** The periods in which its money was held. */
  periods: readonly string[];
  money: PeriodMoney;
}

/**
 * Reads the money that a generation moved in the ledger, if Redis would know nothing else of it any more: each of its images has a final
 * end, and the last end is older than Redis keeps ended generations.
 * @param before Time before which its last end must lie, in milliseconds since 1970.
 * @returns undefined for every other one, and for one with damaged records: its restore names the damage.
 */
export async function readPastCharges(
  recovery: Recovery,
  generationId: string,
  listed: readonly ListedRecord[],
  before: number,
): Promise<Charge[] | undefined> {
  const { store, archive, settings } = recovery;
  try {
    const records = await readGenerationRecords(archive, generationId, settings.maxSubmissions, listed);
    if (records === undefined || !isPast(records, before, settings.maxSubmissions)) return undefined;
    // An entry that a rebuild of an earlier version restored holds its money already.
    if ((await store.findSubmissions(generationId)).length > 0) return undefined;
    await rememberPastRetry(recovery, records);
    return records.submissions.flatMap(({ intent: { reservation }, ...ends }) => {
      const end = lastOf(ends);
      return end === undefined ? [] : [{ periods: reservation.periods, money: chargeOf(end, reservation.amountNanoUsd) }];
    });
  } catch (error) {
    if (hasCode(error, 'storage.corrupt-record') || hasCode(error, 'store.corrupt-record')) return undefined;
    throw error;
  }
}

interface Ends {
  result?: SubmissionResult;
  decision?: SubmissionResult;
  amendment?: SubmissionResult;
}

/** Returns the end that stands: "succeeded" stays, an image may come home after every other end, and a decision ends an unknown outcome. */
function lastOf({ result, decision, amendment }: Ends): SubmissionResult | undefined {
  if (result === undefined || result.status === 'succeeded') return result;
  return amendment ?? (result.status === 'unknown' ? (decision ?? result) : result);
}

function isPast({ generation, submissions }: GenerationRecords, before: number, maxSubmissions: number): boolean {
  // Images that were never sent may still be bought.
  if (generation.submissions.some(({ sent }) => sent === undefined)) return false;
  const succeeded = new Set<number>();
  for (const { ref, intent, ...ends } of submissions) {
    const end = lastOf(ends);
    // An unknown outcome keeps its hold and its entry until an operator decides.
    if (end === undefined || end.status === 'unknown') return false;
    if (Math.max(...[ends.result, ends.decision, ends.amendment].map((each) => each?.settledAt ?? 0)) >= before) return false;
    // The script that settles chooses the period of a charge without a hold.
    if (intent.reservation.periods.length === 0 && (end.costNanoUsd ?? 0) !== 0) return false;
    if (end.status === 'succeeded') succeeded.add(ref.index);
  }
  return submissions.every(({ ref, result }, at) => {
    const isNewest = submissions[at + 1]?.ref.index !== ref.index;
    if (!isNewest || succeeded.has(ref.index) || result === undefined) return true;
    const { countsAsFailure, mayResubmit } = consequencesOf(result, maxSubmissions);
    const failures = (generation.submissions[at]?.failures ?? 0) + (countsAsFailure ? 1 : 0);
    return !mayResubmit || failures >= maxSubmissions;
  });
}

/** Returns the booking that the script that settles makes for this end (`settleScript` of generation-store). */
function chargeOf({ status, costNanoUsd: settled = 0, costSource }: SubmissionResult, reserved: number): PeriodMoney {
  const expected = status === 'failed' ? 0 : reserved;
  const isReported = costSource === 'reported';
  return {
    settled,
    expected,
    reported: isReported ? settled : 0,
    unreported: !isReported && status !== 'failed' ? 1 : 0,
    differing: isReported && settled !== expected ? 1 : 0,
  };
}

/** Adds up charges by period. */
export function addCharges(sums: Map<string, PeriodMoney>, charges: readonly Charge[]): void {
  for (const { periods, money } of charges) {
    for (const period of periods) {
      const sum = sums.get(period) ?? { settled: 0, expected: 0, reported: 0, unreported: 0, differing: 0 };
      sum.settled += money.settled;
      sum.expected += money.expected;
      sum.reported += money.reported;
      sum.unreported += money.unreported;
      sum.differing += money.differing;
      sums.set(period, sum);
    }
  }
}
