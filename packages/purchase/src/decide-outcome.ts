import { taskUuidOf, type SubmissionRef, type SubmissionResult, type SubmissionStatus } from '@darkroom/contracts';
import type { SettleReply } from '@darkroom/generation-store';
import { consequencesOf } from './end-submission.ts';
import type { PurchaseStore } from './ports.ts';

/** What an operator found out, from the provider's own list of usage, about an outcome that it never told us. */
export const decisions = ['charged', 'free'] as const;
export type Decision = (typeof decisions)[number];

export interface DecisionParts {
  store: Pick<PurchaseStore, 'beginSettlement' | 'settle'>;
  archive: {
    findResult(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
    recordDecision(result: SubmissionResult): Promise<{ kind: 'recorded' } | { kind: 'existing'; result: SubmissionResult }>;
  };
}

export type Decided =
  /** What the record says now; an earlier decision stands. */
  | { kind: 'decided'; as: Decision; isNew: boolean; reply: SettleReply['kind'] }
  /** Nothing was changed: only what Redis and this bucket both call unknown can be decided. */
  | { kind: 'refused'; status: SubmissionStatus | 'without a record'; recorded: SubmissionResult['status'] | 'without a result' };

/**
 * Ends the hold of a submission whose outcome is unknown. Charged: its price is booked, and it is lost. Free: its money is given back,
 * and it has failed. S3 first and Redis second, like every end: whoever brings Redis back finds the decision beside the result. The
 * image is not bought again, and should it come home after all it is kept, and what it cost takes the place of the decision.
 */
export async function decideOutcome({ store, archive }: DecisionParts, ref: SubmissionRef, decision: Decision): Promise<Decided> {
  const view = await store.beginSettlement(ref);
  const result = await archive.findResult(ref);
  if (view?.status !== 'unknown' || result?.status !== 'unknown')
    return { kind: 'refused', status: view?.status ?? 'without a record', recorded: result?.status ?? 'without a result' };
  const { amountNanoUsd } = view.reservation;
  const mine: SubmissionResult = {
    version: 1,
    ...ref,
    taskUUID: taskUuidOf(ref),
    settledAt: view.now,
    reservation: view.reservation,
    ...(decision === 'charged'
      ? { status: 'lost', costNanoUsd: amountNanoUsd, costSource: 'expected' }
      : { status: 'failed', costNanoUsd: 0, costSource: 'none' }),
    fault: { code: 'submission.written-off', message: `an operator decided that it was ${decision}` },
  };
  const recorded = await archive.recordDecision(mine);
  const stands = recorded.kind === 'existing' ? recorded.result : mine;
  const { kind: reply } = await store.settle(ref, consequencesOf(stands, 1));
  return { kind: 'decided', as: stands.status === 'lost' ? 'charged' : 'free', isNew: recorded.kind === 'recorded', reply };
}
