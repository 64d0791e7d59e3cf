import { isFinalSubmission, type ToldFacts } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';

/**
 * Returns the facts that deliveries told of a submission, if they count once its image is verified; undefined if the provider must be
 * asked.
 *
 * A delivery comes through a capability that only the provider and Darkroom hold, or through one that leaked. So its facts count only on
 * the normal road, and never about money: its cost must equal the hold. They do not count in two more cases. A submission that was sent
 * more than once, or whose id the provider took for used, may have been executed for another send than the one that this delivery reports.
 * A submission that has ended, or whose generation was cancelled or has expired, ended without a delivery's word.
 */
export function toldFacts(view: SubmissionView): { facts: ToldFacts; at: number } | undefined {
  const { told, status, generationClosed } = view;
  if (told === undefined || isDoubtful(view) || isApart(view) || isFinalSubmission(status) || generationClosed) return undefined;
  return told.what === 'unclear' ? undefined : { facts: told.what, at: told.at };
}

/**
 * Returns true if one answer of the provider decides: a task whose deliveries raise doubts is asked about once. Off the normal road it is
 * asked about as if no delivery had come, because the provider may report the task late. The same holds for a cost that differs from the
 * hold: the bill has that cost, while the ledger would book the hold.
 */
export const isAskedOnce = (view: SubmissionView): boolean =>
  view.told !== undefined && isDoubtful(view) && !isApart(view) && !tellsOtherCost(view);

const tellsOtherCost = ({ told, reservation }: SubmissionView): boolean =>
  told !== undefined &&
  told.what !== 'unclear' &&
  told.what.costNanoUsd !== undefined &&
  told.what.costNanoUsd !== reservation.amountNanoUsd;

const isDoubtful = ({ told, reservation }: SubmissionView): boolean =>
  told?.what === 'unclear' || told?.what.costNanoUsd !== reservation.amountNanoUsd;

const isApart = ({ sends, hasConflicted }: SubmissionView): boolean => sends !== 1 || hasConflicted;
