import {
  isFinalSubmission,
  type SubmissionRef,
  type SubmissionView,
  type TaskFacts,
  type TaskState,
  type VerifiedImage,
} from '@darkroom/contracts';
import { askProvider } from './ask-provider.ts';
import { backoffMs } from './backoff.ts';
import { amendSubmission, endSubmission, type End } from './end-submission.ts';
import { findImage, findKeptImage, keepImage, type FoundImage } from './find-image.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/** How often the provider is asked for the facts of an image that is already verified, before it succeeds without them. */
const MAX_LOOKS_FOR_FACTS = 8;
/** An upload that has not come yet is looked for at least this often. */
const MAX_UPLOAD_POLL_MS = 10_000;

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
      return waitForUpload(purchase, ref, view, state.facts, found, signal);
    case 'failed': {
      if (isFinalSubmission(view.status)) return lookAfterEnd(purchase, view, 'failed');
      const code = state.fault.class === 'safety' ? 'provider.content-refused' : 'provider.task-failed';
      return endWithoutImage(purchase, ref, view, { status: 'failed', code, fault: state.fault, facts: state.facts });
    }
    case 'running':
    case 'inconclusive':
      return isFinalSubmission(view.status) ? lookAfterEnd(purchase, view, state.kind) : keepLooking(purchase, ref, view, state.kind);
    default:
      return state satisfies never;
  }
}

/** What the provider said before, unless it left out the one thing that is needed now: where the image can be fetched. */
async function learnState(purchase: Purchase, ref: SubmissionRef, view: SubmissionView, found: FoundImage, signal?: AbortSignal) {
  const { facts } = view;
  if (facts !== undefined && (found.kind === 'kept' || facts.imageURL !== undefined)) return { kind: 'succeeded' as const, facts };
  const state = await askProvider(purchase, ref, view, signal);
  // It may have forgotten by now what it said once.
  return facts !== undefined && (state.kind === 'running' || state.kind === 'inconclusive') ? { kind: 'succeeded' as const, facts } : state;
}

const snooze = (view: SubmissionView, delayMs: number, why: string): Outcome => ({
  kind: 'snooze',
  delayMs,
  why,
  seenDelivery: view.deliverySeq,
});
const pollDelay = ({ settings: { timing }, around }: Purchase, view: SubmissionView): number =>
  backoffMs(timing.firstPollMs, timing.maxPollMs, view.settlements, around.random, 1.5);

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
  state: TaskState,
): Promise<Outcome> {
  const { timing } = purchase.settings;
  if ((state.kind === 'running' || state.kind === 'inconclusive') && view.settlements < MAX_LOOKS_FOR_FACTS) {
    return snooze(view, backoffMs(timing.uploadPollMs, MAX_UPLOAD_POLL_MS, view.settlements, purchase.around.random), 'facts');
  }
  if (state.kind === 'failed') purchase.around.log('image.of-failed-task', ref, { faultCode: state.fault.code });
  const facts: TaskFacts = state.kind === 'succeeded' || state.kind === 'failed' ? state.facts : {};
  return bringHome(purchase, ref, view, { status: 'succeeded', image, facts, road: 'upload' });
}

/** The provider has made the image and no valid upload is there: wait while it may come, then fetch it from the provider. */
async function waitForUpload(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  facts: TaskFacts,
  found: FoundImage,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { provider, archive, around, settings } = purchase;
  const { timing } = settings;
  const waitedMs = view.succeededSeenAt === undefined ? 0 : view.now - view.succeededSeenAt;
  const leftMs = settings.askForUpload ? timing.uploadWindowMs - waitedMs : 0;
  if (leftMs > 0) {
    return snooze(view, Math.min(leftMs, Math.max(timing.uploadPollMs, Math.min(waitedMs / 2, MAX_UPLOAD_POLL_MS))), 'upload');
  }

  let reason = 'the provider named no address';
  let bytes = found.kind === 'invalid' ? found.bytes : undefined;
  if (facts.imageURL !== undefined) {
    const download = await provider.downloadImage(facts.imageURL, signal);
    if (download.kind === 'unavailable' && !isPastHorizon(purchase, view)) {
      around.log('image.unavailable', ref, { faultCode: download.fault.code });
      return snooze(view, backoffMs(timing.troubleMs, timing.maxTroubleMs, view.settlements, around.random), 'image-url');
    }
    if (download.kind === 'fetched') {
      const verdict = archive.verify(ref, view.request, download.bytes);
      if (verdict.kind === 'valid') {
        const kept = await keepImage(purchase, ref, view, verdict.image, download.bytes);
        if (kept.kind === 'kept')
          return bringHome(purchase, ref, view, { status: 'succeeded', image: kept.image, facts, road: 'image-url' });
        reason = 'reason' in kept ? kept.reason : reason;
      } else {
        reason = verdict.reason;
        bytes = download.bytes;
      }
    } else {
      reason = download.fault.message;
    }
  }

  const kept = await findKeptImage(purchase, ref, view);
  if (kept !== undefined) return bringHome(purchase, ref, view, { status: 'succeeded', image: kept, facts, road: 'upload' });
  if (isFinalSubmission(view.status)) return lookAfterEnd(purchase, view, 'lost');
  const quarantineKey = bytes === undefined ? undefined : await archive.quarantine(ref, bytes);
  return endWithoutImage(purchase, ref, view, { status: 'lost', facts, reason, ...(quarantineKey === undefined ? {} : { quarantineKey }) });
}

/** Nothing is proved. Look again later; send again while that is safe and the provider may never have heard of it. */
async function keepLooking(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  state: 'running' | 'inconclusive',
): Promise<Outcome> {
  const { waits, settings, around } = purchase;
  if (isPastHorizon(purchase, view)) {
    around.log('submission.horizon-passed', ref);
    return endWithoutImage(purchase, ref, view, { status: 'unknown' });
  }
  const sinceFirstSendMs = view.now - (view.firstSentAt ?? view.now);
  if (
    state === 'inconclusive' &&
    view.status === 'committed' &&
    sinceFirstSendMs < settings.timing.resendWindowMs &&
    !view.generationClosed
  ) {
    // Behind a long backlog the window would close, and nobody would ever know what became of it.
    await waits.reviveSubmission(ref, { ahead: true });
  }
  return snooze(view, pollDelay(purchase, view), state);
}

/** Ends a live submission, and looks once more: a delivery that came while this run went on has found nothing to wake. */
async function endWithoutImage(purchase: Purchase, ref: SubmissionRef, view: SubmissionView, end: End): Promise<Outcome> {
  await endSubmission(purchase, ref, view.reservation, view.now, end);
  return snooze(view, purchase.settings.timing.uploadWindowMs, 'ended-without-image');
}

/**
 * The submission has ended without an image. What the provider is still making, or made and could not hand over, may come until
 * the horizon; and a delivery that came after the end announces an upload, whatever the provider says when it is asked.
 */
function lookAfterEnd(purchase: Purchase, view: SubmissionView, state: 'running' | 'lost' | 'failed' | 'inconclusive'): Outcome {
  const { timing } = purchase.settings;
  const wasJustDelivered = view.deliveredAt !== undefined && view.now - view.deliveredAt < timing.uploadWindowMs;
  if (wasJustDelivered) return snooze(view, Math.min(pollDelay(purchase, view), MAX_UPLOAD_POLL_MS), 'late-upload');
  const wasMade = state === 'running' || state === 'lost';
  return wasMade && !isPastHorizon(purchase, view) ? snooze(view, pollDelay(purchase, view), 'late-image') : { kind: 'finished' };
}

const isPastHorizon = ({ settings }: Purchase, { now, firstSentAt }: SubmissionView): boolean =>
  firstSentAt !== undefined && now - firstSentAt >= settings.timing.horizonMs;

/** Ends a live submission with its image; amends one that has ended without. */
const bringHome = (purchase: Purchase, ref: SubmissionRef, view: SubmissionView, how: End & { status: 'succeeded' }): Promise<Outcome> =>
  (isFinalSubmission(view.status) ? amendSubmission : endSubmission)(purchase, ref, view.reservation, view.now, how);
