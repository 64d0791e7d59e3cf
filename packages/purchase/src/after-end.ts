import { isFinalSubmission, type SubmissionRef, type SubmissionView } from '@darkroom/contracts';
import { amendSubmission, endSubmission, type End } from './end-submission.ts';
import { isPastHorizon, MAX_UPLOAD_POLL_MS, pollDelay, snooze } from './look-again.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/** Ends a live submission, and looks once more: a delivery that came while this run went on has found nothing to wake. */
export async function endWithoutImage(purchase: Purchase, ref: SubmissionRef, view: SubmissionView, end: End): Promise<Outcome> {
  await endSubmission(purchase, ref, view.reservation, view.now, end);
  return snooze(view, purchase.settings.timing.uploadWindowMs, 'ended-without-image');
}

/**
 * The submission has ended without an image. What the provider is still making, or made and could not hand over, may come until
 * the horizon; and a delivery that came after the end announces an upload, whatever the provider says when it is asked.
 */
export function lookAfterEnd(purchase: Purchase, view: SubmissionView, state: 'running' | 'lost' | 'failed' | 'inconclusive'): Outcome {
  const { timing } = purchase.settings;
  const wasJustDelivered = view.deliveredAt !== undefined && view.now - view.deliveredAt < timing.uploadWindowMs;
  if (wasJustDelivered) return snooze(view, Math.min(pollDelay(purchase, view), MAX_UPLOAD_POLL_MS), 'late-upload');
  const wasMade = state === 'running' || state === 'lost';
  return wasMade && !isPastHorizon(purchase, view) ? snooze(view, pollDelay(purchase, view), 'late-image') : { kind: 'finished' };
}

/** Ends a live submission with its image; amends one that has ended without. */
export const bringHome = (
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  how: End & { status: 'succeeded' },
): Promise<Outcome> => (isFinalSubmission(view.status) ? amendSubmission : endSubmission)(purchase, ref, view.reservation, view.now, how);
