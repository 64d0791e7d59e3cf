import type { SubmissionView } from '@darkroom/generation-store';
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

/** The growing wait between two questions. @param attempt From 1; the number of polls with the next one, unless given. */
export const pollDelay = ({ settings: { timing }, around }: Purchase, { polls }: SubmissionView, attempt = polls + 1): number =>
  backoffMs(timing.firstPollMs, timing.maxPollMs, attempt, around.random, 1.5);

/** Whether a submission is looked for no longer. */
export const isPastHorizon = ({ settings }: Purchase, { now, firstSentAt }: SubmissionView): boolean =>
  firstSentAt !== undefined && now - firstSentAt >= settings.timing.horizonMs;
