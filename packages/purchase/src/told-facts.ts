import { isFinalSubmission, type SubmissionView, type ToldFacts } from '@darkroom/contracts';

/**
 * Facts that deliveries have told of a submission, where they may be taken for facts once its image is verified; undefined where the
 * provider is asked.
 *
 * A delivery came through a capability that only the provider and Darkroom hold, or one that leaked. So it is taken at its word on the
 * normal road alone, and never about money: its cost must be the hold. A submission that was sent more than once, or whose id the
 * provider took for used, may have been executed for another send than this delivery is of; one that has ended, or whose generation was
 * cancelled or has expired, ended without the word of a delivery.
 */
export function toldFacts({
  told,
  sends,
  hasConflicted,
  status,
  generationClosed,
  reservation,
}: SubmissionView): { facts: ToldFacts; at: number } | undefined {
  if (told === undefined || told.what === 'unclear' || told.what.costNanoUsd !== reservation.amountNanoUsd) return undefined;
  if (sends !== 1 || hasConflicted || isFinalSubmission(status) || generationClosed) return undefined;
  return { facts: told.what, at: told.at };
}
