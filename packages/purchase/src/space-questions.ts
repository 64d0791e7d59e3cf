import { isFinalSubmission, type SubmissionRef } from '@darkroom/contracts';
import type { PollTurn, SubmissionView } from '@darkroom/generation-store';
import { takeTurn } from './ask-provider.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/** Reasons for which a run is put back before it has asked a question. */
const askedNothing = new Set(['upload', 'poll-rate', 'not-sent-yet', 'asked']);

/**
 * Bounds the questions that deliveries cause. Deliveries wake a settlement, and a leaked capability allows them for 26 hours. So a delivery
 * causes one question ahead of schedule: a run that knows no newer delivery than the last question did waits for the scheduled time. The
 * store keeps a bounded number of distinct deliveries, so the early questions of a submission are bounded too. A worker that dies between a
 * question and its note repeats the question once.
 */

/** Returns the time until the next scheduled question for a run that has learned nothing new; 0 if it may ask now. */
export const untilNextQuestion = ({ asked, deliverySeq }: SubmissionView): number =>
  asked === undefined || deliverySeq > asked.seq ? 0 : asked.leftMs;

/** Takes a turn to ask. A question that only a delivery causes ahead of schedule does not slow the scheduled ones. */
export const takeSettleTurn = (purchase: Purchase, ref: SubmissionRef, view: SubmissionView): Promise<PollTurn> =>
  takeTurn(purchase, ref, 'settle', questionsAbout(view), view.asked !== undefined && view.asked.leftMs > 0);

/** Returns 2 for a send without an answer: it may never have arrived, and an unknown task needs both questions. */
const questionsAbout = ({ status }: SubmissionView): 1 | 2 => (status === 'committed' ? 2 : 1);

/** Notes that a run has asked. Without a delivery a settlement wakes only on schedule, so it needs no note. */
export async function noteQuestion(
  { store, settings }: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  outcome: Outcome,
): Promise<void> {
  const seq = view.deliverySeq;
  if (seq === 0) return;
  if (outcome.kind === 'snooze' && !askedNothing.has(outcome.why)) await store.recordQuestion(ref, { seq, againInMs: outcome.delayMs });
  // After an end, a delivery beyond the kept ones may be the true one: it causes one question in this time (an hour as shipped). A run that
  // is killed right after this note comes back for that question.
  if (outcome.kind === 'finished' && isFinalSubmission(view.status))
    await store.recordQuestion(ref, { seq, againInMs: settings.timing.resendWindowMs });
}
