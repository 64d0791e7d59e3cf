import { isFinalSubmission, type SubmissionRef, type SubmissionView, type TaskFacts, type VerifiedImage } from '@darkroom/contracts';
import { bringHome, endWithoutImage, lookAfterEnd } from './after-end.ts';
import { askProvider, type Asked } from './ask-provider.ts';
import { awaitImage } from './await-image.ts';
import { backoffMs } from './backoff.ts';
import { endBurnt, isBurnt } from './decide-conflict.ts';
import { findImage, type FoundImage } from './find-image.ts';
import { isPastHorizon, MAX_UPLOAD_POLL_MS, pollDelay, snooze } from './look-again.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';
import { MAX_STRIKES } from './take-answer.ts';

/** How often the provider is asked for the facts of an image that is already verified, before it succeeds without them. */
const MAX_LOOKS_FOR_FACTS = 8;

/**
 * Step 7: brings a submission home. A run looks, decides and ends; it never waits.
 *
 * I4  A final status never moves back; a run for a submission that is home changes nothing.
 * I5  "Succeeded" means: these bytes were verified and lie under their final, immutable key.
 * I6  A delivery only wakes. Proof is the verified object; facts and failures are what the provider says when it is asked.
 */
export async function settle(purchase: Purchase, ref: SubmissionRef, signal?: AbortSignal): Promise<Outcome> {
  const { store, waits, around } = purchase;
  const view = await store.beginSettlement(ref);
  if (view === undefined) {
    // Never created here (I9). Redis forgot the generation, or its time in Redis is over.
    around.log('settlement.without-record', ref);
    return { kind: 'finished' };
  }
  // The run that ended this submission may have died before the next one had a job.
  if (view.nextPlanned !== undefined) await waits.reviveSubmission({ ...ref, n: view.nextPlanned });
  if (view.status === 'succeeded') return { kind: 'finished' };
  if (view.status === 'planned') return superviseSubmit(purchase, ref, view);

  const found = await findImage(purchase, ref, view);
  const state = await learnState(purchase, ref, view, found, signal);
  if (state.kind === 'wait') return snooze(view, state.delayMs, 'poll-rate');
  if (found.kind === 'kept') return succeed(purchase, ref, view, found.image, state);

  switch (state.kind) {
    case 'succeeded':
      if (state.facts !== view.facts) await store.recordFacts(ref, state.facts);
      return awaitImage(purchase, ref, view, state.facts, found, signal);
    case 'failed': {
      if (isFinalSubmission(view.status)) return lookAfterEnd(purchase, view, 'failed');
      const code = state.fault.class === 'safety' ? 'provider.content-refused' : 'provider.task-failed';
      return endWithoutImage(purchase, ref, view, { status: 'failed', code, fault: state.fault, facts: state.facts });
    }
    case 'running':
    case 'inconclusive':
      return isFinalSubmission(view.status) ? lookAfterEnd(purchase, view, state.kind) : keepLooking(purchase, ref, view, state);
    default:
      return state satisfies never;
  }
}

/**
 * What the provider said before, unless it left out where the image can be fetched, or the image was not there: the provider is asked
 * again then, and may name another address. That it has made the image stays true, whatever else it says later.
 */
async function learnState(purchase: Purchase, ref: SubmissionRef, view: SubmissionView, found: FoundImage, signal?: AbortSignal) {
  const { facts, missingAt } = view;
  if (facts !== undefined && (found.kind === 'kept' || (facts.imageURL !== undefined && missingAt === undefined)))
    return { kind: 'succeeded' as const, facts };
  const state = await askProvider(purchase, ref, view, signal);
  if (facts === undefined || (state.kind === 'wait' && facts.imageURL === undefined)) return state;
  return { kind: 'succeeded' as const, facts: state.kind === 'succeeded' ? { ...facts, ...state.facts } : facts };
}

/** Nothing is under way: the submit leg was put back, or vanished. This job sees to it that it runs. */
async function superviseSubmit(purchase: Purchase, ref: SubmissionRef, view: SubmissionView): Promise<Outcome> {
  await purchase.waits.reviveSubmission(ref);
  return snooze(view, pollDelay(purchase, view), 'not-sent-yet');
}

/** The image is safe. The facts are asked for a few more times, then it succeeds without them. */
async function succeed(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  image: VerifiedImage,
  state: Exclude<Asked, { kind: 'wait' }>,
): Promise<Outcome> {
  const { timing } = purchase.settings;
  if ((state.kind === 'running' || state.kind === 'inconclusive') && view.settlements < MAX_LOOKS_FOR_FACTS) {
    return snooze(view, backoffMs(timing.uploadPollMs, MAX_UPLOAD_POLL_MS, view.settlements, purchase.around.random), 'facts');
  }
  if (state.kind === 'failed') purchase.around.log('image.of-failed-task', ref, { faultCode: state.fault.code });
  const facts: TaskFacts = state.kind === 'succeeded' || state.kind === 'failed' ? state.facts : {};
  return bringHome(purchase, ref, view, { status: 'succeeded', image, facts, road: 'upload' });
}

/** Nothing is proved. Look again later; send again while that is safe and the provider may never have heard of it. */
async function keepLooking(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  state: Extract<Asked, { kind: 'running' | 'inconclusive' }>,
): Promise<Outcome> {
  const { store, waits, settings, around } = purchase;
  // It may say later that it knows nothing.
  const isKnown = state.kind === 'running' || state.shows === 'task';
  if (isKnown && view.status === 'committed') await store.recordLook(ref, 'known');
  if (state.kind === 'inconclusive' && (await isBurnt(purchase, ref, view, state))) return endBurnt(purchase, ref, view);
  if (isPastHorizon(purchase, view)) {
    around.log('submission.horizon-passed', ref);
    return endWithoutImage(purchase, ref, view, { status: 'unknown' });
  }
  // Not a failure: what refused it may have passed it on. The hold stays, nothing is bought again, and what comes is kept.
  const isBlocked = view.status === 'committed' && view.strikes >= MAX_STRIKES;
  if (isBlocked && state.kind === 'inconclusive' && state.shows === 'nothing') {
    around.log('submission.blocked', ref, { strikes: view.strikes });
    return endWithoutImage(purchase, ref, view, { status: 'unknown', code: 'provider.blocked' });
  }
  const sinceFirstSendMs = view.now - (view.firstSentAt ?? view.now);
  if (
    !isKnown &&
    view.status === 'committed' &&
    view.conflict === undefined &&
    sinceFirstSendMs < settings.timing.resendWindowMs &&
    !view.generationClosed
  ) {
    // Behind a long backlog the window would close, and nobody would ever know what became of it.
    await waits.reviveSubmission(ref, { ahead: true });
  }
  return snooze(view, pollDelay(purchase, view), view.conflict === undefined ? state.kind : 'conflict');
}
