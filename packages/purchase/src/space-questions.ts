import { isFinalSubmission, type SubmissionRef } from '@darkroom/contracts';
import type { PollTurn, SubmissionView } from '@darkroom/generation-store';
import { takeTurn } from './ask-provider.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/** Reasons to put a run back before it has asked anything. */
const askedNothing = new Set(['upload', 'poll-rate', 'not-sent-yet', 'asked']);

/**
 * Deliveries wake a settlement, and each holder of a capability that leaked can send them for 26 hours. So a delivery causes a question
 * before the time of the next one only once: a run that knows of no newer delivery than the last question did waits for that time. The
 * store keeps a bounded number of distinct deliveries, so that the early questions of a submission are bounded as well. A worker that
 * dies between a question and its note puts the question once more.
 */

/** Returns the time until the next question of the schedule, for a run that has learned nothing new; 0 where it may ask now. */
export const untilNextQuestion = ({ asked, deliverySeq }: SubmissionView): number =>
  asked === undefined || deliverySeq > asked.seq ? 0 : asked.leftMs;

/** Takes a turn to ask. A question that only a delivery causes before its time does not slow the schedule of the others. */
export const takeSettleTurn = (purchase: Purchase, ref: SubmissionRef, view: SubmissionView): Promise<PollTurn> =>
  takeTurn(purchase, ref, 'settle', questionsAbout(view), view.asked !== undefined && view.asked.leftMs > 0);

/** A send without an answer may never have arrived, and what the provider does not know it is asked about twice. */
const questionsAbout = ({ status }: SubmissionView): 1 | 2 => (status === 'committed' ? 2 : 1);

/** Notes that a run has asked. Without a delivery, only its own time wakes a settlement, and there is nothing to note. */
export async function noteQuestion(
  { store, settings }: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  outcome: Outcome,
): Promise<void> {
  const seq = view.deliverySeq;
  if (seq === 0) return;
  if (outcome.kind === 'snooze' && !askedNothing.has(outcome.why)) await store.recordQuestion(ref, { seq, againInMs: outcome.delayMs });
  // After an end a delivery that is not kept may be the true one: it causes one question in this time, an hour as shipped. A run that is
  // killed right after this note comes back for that question.
  if (outcome.kind === 'finished' && isFinalSubmission(view.status))
    await store.recordQuestion(ref, { seq, againInMs: settings.timing.resendWindowMs });
}
