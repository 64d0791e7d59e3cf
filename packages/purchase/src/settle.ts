import { isFinalSubmission, type FactSource, type SubmissionRef, type TaskFacts, type VerifiedImage } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import { bringHome, endWithoutImage, lookAfterEnd } from './after-end.ts';
import { askProvider, type Asked } from './ask-provider.ts';
import { awaitImage, awaitUpload } from './await-image.ts';
import { backoffMs } from './backoff.ts';
import { endBurnt, isBurnt } from './decide-conflict.ts';
import { findImage, findKeptImage, type FoundImage } from './find-image.ts';
import { isPastHorizon, MAX_UPLOAD_POLL_MS, pollDelay, snooze } from './look-again.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';
import { noteQuestion, takeSettleTurn, untilNextQuestion } from './space-questions.ts';
import { MAX_STRIKES } from './take-answer.ts';
import { isAskedOnce, toldFacts } from './told-facts.ts';

/** Most questions about the facts of an image that is already verified; after them it succeeds without facts. */
const MAX_LOOKS_FOR_FACTS = 8;

/**
 * Step 7: brings a submission home. A run looks, decides and ends; it never waits.
 *
 * I4  A final status never moves back; a run for a submission that is home changes nothing.
 * I5  "Succeeded" means: these bytes were verified and lie under their final, immutable key.
 * I6  A delivery proves no image and no failure. Facts of a verified image may come with it; everything else, and each doubt about the
 * facts, is answered by the provider.
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
  const waitMs = untilNextQuestion(view);
  if (waitMs > 0) return snooze(view, waitMs, 'asked');
  const outcome = await look(purchase, ref, view, signal);
  await noteQuestion(purchase, ref, view, outcome);
  return outcome;
}

/** Looks for the image of a sent submission, asks the provider where needed, and decides. */
async function look(purchase: Purchase, ref: SubmissionRef, view: SubmissionView, signal?: AbortSignal): Promise<Outcome> {
  const told = view.facts === undefined ? toldFacts(view) : undefined;
  // Without facts the provider must be asked, so the turn comes first: a run without a turn moves no image.
  let turn = view.facts === undefined && told === undefined ? await takeSettleTurn(purchase, ref, view) : undefined;
  if (turn?.kind === 'wait') return snooze(view, turn.delayMs, 'poll-rate');

  const found = await findImage(purchase, ref, view);
  const known = view.facts ?? told?.facts;
  if (found.kind === 'kept' && known !== undefined) return succeed(purchase, ref, view, found.image, known, told ? 'delivery' : 'provider');
  if (told !== undefined) {
    const uploading = awaitUpload(purchase, view, told.at);
    if (uploading !== undefined) return uploading;
  }
  if (view.facts?.imageURL !== undefined && view.missingAt === undefined) return awaitImage(purchase, ref, view, view.facts, found, signal);

  turn ??= await takeSettleTurn(purchase, ref, view);
  const state: Asked = turn.kind === 'wait' ? turn : await askProvider(purchase, ref, view, { leg: 'settle', ...turn }, signal);
  const image = found.kind === 'kept' ? found.image : await findKeptBefore(purchase, ref, view, state);
  if (image !== undefined) return succeedAsAsked(purchase, ref, view, image, state);
  return decide(purchase, ref, view, state, found, signal);
}

/** Returns the image that an earlier run kept before it died unreported. Looked for where the answer may end the submission. */
async function findKeptBefore(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  state: Asked,
): Promise<VerifiedImage | undefined> {
  if (view.settlements === 1 || state.kind === 'wait' || (state.kind === 'running' && !isPastHorizon(purchase, view))) return undefined;
  return findKeptImage(purchase, ref, view);
}

/**
 * Decides about a submission without an image. Once the provider has said that the image was made, this stays true whatever it says later.
 */
async function decide(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  asked: Asked,
  found: FoundImage,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { facts } = view;
  const isMade = facts !== undefined && (asked.kind !== 'wait' || facts.imageURL !== undefined);
  const state: Asked = isMade ? { kind: 'succeeded', facts: asked.kind === 'succeeded' ? { ...facts, ...asked.facts } : facts } : asked;
  switch (state.kind) {
    case 'wait':
      return snooze(view, state.delayMs, 'poll-rate');
    case 'succeeded':
      if (state.facts !== facts) await purchase.store.recordFacts(ref, state.facts);
      return awaitImage(purchase, ref, view, state.facts, found, signal);
    case 'failed': {
      if (isFinalSubmission(view.status)) return lookAfterEnd(purchase, view, 'failed');
      const code = state.fault.class === 'safety' ? 'provider.content-refused' : 'provider.task-failed';
      return endWithoutImage(purchase, ref, view, {
        status: 'failed',
        code,
        fault: state.fault,
        facts: state.facts,
        factsFrom: 'provider',
      });
    }
    case 'running':
    case 'inconclusive':
      return isFinalSubmission(view.status) ? lookAfterEnd(purchase, view, state.kind) : keepLooking(purchase, ref, view, state);
    default:
      return state satisfies never;
  }
}

/** Makes sure that the submit job runs: no send is under way, and that job was put back or vanished. */
async function superviseSubmit(purchase: Purchase, ref: SubmissionRef, view: SubmissionView): Promise<Outcome> {
  await purchase.waits.reviveSubmission(ref);
  return snooze(view, pollDelay(purchase, view, view.settlements), 'not-sent-yet');
}

const succeed = (
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  image: VerifiedImage,
  facts: TaskFacts,
  factsFrom: FactSource,
): Promise<Outcome> => bringHome(purchase, ref, view, { status: 'succeeded', image, facts, factsFrom, road: 'upload' });

/** Ends a submission whose image is safe: asks for the facts a few more times, then lets it succeed without them. */
async function succeedAsAsked(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  image: VerifiedImage,
  state: Asked,
): Promise<Outcome> {
  const { store, settings, around } = purchase;
  if (state.kind === 'wait') {
    // The next run reads the image from Redis and moves it no more.
    await store.recordKeptImage(ref, image, false);
    return snooze(view, state.delayMs, 'poll-rate');
  }
  // An empty answer to both questions counts as an answer.
  const isAnswered = isAskedOnce(view) && state.kind === 'inconclusive' && state.shows !== undefined;
  if ((state.kind === 'running' || state.kind === 'inconclusive') && !isAnswered && view.looks + 1 < MAX_LOOKS_FOR_FACTS) {
    await store.recordKeptImage(ref, image, true);
    return snooze(view, backoffMs(settings.timing.uploadPollMs, MAX_UPLOAD_POLL_MS, view.looks + 1, around.random), 'facts');
  }
  if (state.kind === 'failed') around.log('image.of-failed-task', ref, { faultCode: state.fault.code });
  const facts: TaskFacts = view.facts ?? (state.kind === 'succeeded' || state.kind === 'failed' ? state.facts : {});
  return succeed(purchase, ref, view, image, facts, 'provider');
}

/** Looks again later, because nothing is proved; sends again while that is safe and the provider may never have received the task. */
async function keepLooking(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  state: Extract<Asked, { kind: 'running' | 'inconclusive' }>,
): Promise<Outcome> {
  const { store, waits, settings, around } = purchase;
  // The provider may say later that it does not know the task.
  const isKnown = state.kind === 'running' || state.shows === 'task';
  if (isKnown && view.status === 'committed') await store.recordLook(ref, 'known');
  if (state.kind === 'inconclusive' && (await isBurnt(purchase, ref, view, state))) return endBurnt(purchase, ref, view);
  if (isPastHorizon(purchase, view)) {
    around.log('submission.horizon-passed', ref);
    return endWithoutImage(purchase, ref, view, { status: 'unknown' });
  }
  // Not a failure: the gateway that refused the send may have passed it on. The hold stays, nothing is bought again, and an image that
  // comes is kept.
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
    // Behind a long backlog the resend window would close, and the outcome would stay unknown for ever.
    await waits.reviveSubmission(ref, { ahead: true });
  }
  return snooze(view, pollDelay(purchase, view), view.conflict === undefined ? state.kind : 'conflict');
}
