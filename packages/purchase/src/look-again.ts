import type { SubmissionView } from '@darkroom/contracts';
import { backoffMs } from './backoff.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/** An upload that has not come yet is looked for at least this often. */
export const MAX_UPLOAD_POLL_MS = 10_000;

/** Puts a settlement back; a delivery that comes after its run began wakes it at once. */
export const snooze = (view: SubmissionView, delayMs: number, why: string): Outcome => ({
  kind: 'snooze',
  delayMs,
  why,
  seenDelivery: view.deliverySeq,
});

/** The growing wait between two questions. */
export const pollDelay = ({ settings: { timing }, around }: Purchase, view: SubmissionView): number =>
  backoffMs(timing.firstPollMs, timing.maxPollMs, view.settlements, around.random, 1.5);

/** Whether a submission is looked for no longer. */
export const isPastHorizon = ({ settings }: Purchase, { now, firstSentAt }: SubmissionView): boolean =>
  firstSentAt !== undefined && now - firstSentAt >= settings.timing.horizonMs;
