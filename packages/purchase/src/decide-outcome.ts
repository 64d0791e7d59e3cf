import { taskUuidOf, type SubmissionRef, type SubmissionResult, type SubmissionStatus } from '@darkroom/contracts';
import type { SettleReply } from '@darkroom/generation-store';
import { consequencesOf } from './end-submission.ts';
import type { PurchaseStore } from './ports.ts';

/** An operator's finding about an unknown outcome, from the provider's own list of usage. */
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
  /** The submission's status now; an earlier decision stands. */
  | { kind: 'decided'; as: Decision; isNew: boolean; reply: SettleReply['kind'] }
  /** The decision changed nothing: it needs a submission that both Redis and this bucket call unknown. */
  | { kind: 'refused'; status: SubmissionStatus | 'without a record'; recorded: SubmissionResult['status'] | 'without a result' };

/**
 * Ends the hold of a submission whose outcome is unknown. "charged" books its price and calls it lost; "free" gives its money back and
 * calls it failed. Like every end it is written to S3 first and to Redis second, so a restore of Redis finds the decision beside the
 * result. The image is not bought again. If it comes home later it is kept, and its cost replaces the decision.
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
    provider: view.provider,
    model: view.model,
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
