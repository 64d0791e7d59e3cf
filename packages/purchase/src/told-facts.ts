import { isFinalSubmission, type ToldFacts } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';

/**
 * Facts that deliveries have told of a submission, where they may be taken for facts once its image is verified; undefined where the
 * provider is asked.
 *
 * A delivery came through a capability that only the provider and Darkroom hold, or one that leaked. So it is taken at its word on the
 * normal road alone, and never about money: its cost must be the hold. A submission that was sent more than once, or whose id the
 * provider took for used, may have been executed for another send than this delivery is of; one that has ended, or whose generation was
 * cancelled or has expired, ended without the word of a delivery.
 */
export function toldFacts(view: SubmissionView): { facts: ToldFacts; at: number } | undefined {
  const { told, status, generationClosed } = view;
  if (told === undefined || isDoubtful(view) || isApart(view) || isFinalSubmission(status) || generationClosed) return undefined;
  return told.what === 'unclear' ? undefined : { facts: told.what, at: told.at };
}

/**
 * Whether one answer decides: of a task whose deliveries raise doubts the provider is asked once. Where the road is another one, it is asked as
 * if no delivery had come: it may tell of the task late. So it is about a cost that differs from the hold: it is what the bill says, and the
 * ledger would say the hold.
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
