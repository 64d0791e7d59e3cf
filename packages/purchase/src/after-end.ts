import { isFinalSubmission, type SubmissionRef } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import { amendSubmission, endSubmission, type End } from './end-submission.ts';
import { isPastHorizon, MAX_UPLOAD_POLL_MS, pollDelay, snooze } from './look-again.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/**
 * Ends a live submission without an image and puts its job back for one more look: a delivery that came during this run could not wake it.
 */
export async function endWithoutImage(purchase: Purchase, ref: SubmissionRef, view: SubmissionView, end: End): Promise<Outcome> {
  await endSubmission(purchase, ref, view, end);
  return snooze(view, purchase.settings.timing.uploadWindowMs, 'ended-without-image');
}

/**
 * Decides if a submission that ended without an image is looked for again. The provider may still make the image until the horizon, and a
 * delivery after the end announces an upload, whatever the provider answers.
 */
export function lookAfterEnd(purchase: Purchase, view: SubmissionView, state: 'running' | 'lost' | 'failed' | 'inconclusive'): Outcome {
  const { timing } = purchase.settings;
  const sinceMs = view.deliveredAt === undefined ? Infinity : view.now - view.deliveredAt;
  if (sinceMs < timing.uploadWindowMs) return snooze(view, lateUploadDelay(purchase, view, sinceMs), 'late-upload');
  const wasMade = state === 'running' || state === 'lost';
  return wasMade && !isPastHorizon(purchase, view) ? snooze(view, pollDelay(purchase, view), 'late-image') : { kind: 'finished' };
}

/**
 * Returns a wait that grows with the time since the delivery: each delivery causes at most five looks, the last one when the upload window
 * ends.
 */
function lateUploadDelay(purchase: Purchase, view: SubmissionView, sinceMs: number): number {
  const leftMs = purchase.settings.timing.uploadWindowMs - sinceMs;
  return Math.min(leftMs, Math.max(Math.min(pollDelay(purchase, view), MAX_UPLOAD_POLL_MS), 2 * sinceMs));
}

/** Ends a live submission with its image; amends a submission that has ended without one. */
export const bringHome = (
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  how: End & { status: 'succeeded' },
): Promise<Outcome> => (isFinalSubmission(view.status) ? amendSubmission : endSubmission)(purchase, ref, view, how);
