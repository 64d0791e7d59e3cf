import type { SubmissionView } from '@darkroom/generation-store';
import { backoffMs } from './backoff.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/** Longest time between two looks for an upload that has not come yet. */
export const MAX_UPLOAD_POLL_MS = 10_000;

/** Puts a settlement back. A delivery that comes after its run began wakes it at once. */
export const snooze = (view: SubmissionView, delayMs: number, why: string): Outcome => ({
  kind: 'snooze',
  delayMs,
  why,
  seenDelivery: view.deliverySeq,
});

/**
 * Returns the growing wait between two questions.
 * @param attempt Counts from 1; by default the number of polls including the next one.
 */
export const pollDelay = ({ settings: { timing }, around }: Purchase, { polls }: SubmissionView, attempt = polls + 1): number =>
  backoffMs(timing.firstPollMs, timing.maxPollMs, attempt, around.random, 1.5);

/** Returns true once the search for a submission has ended. */
export const isPastHorizon = ({ settings }: Purchase, { now, firstSentAt }: SubmissionView): boolean =>
  firstSentAt !== undefined && now - firstSentAt >= settings.timing.horizonMs;
