import { isFinalSubmission, type SubmissionRef, type TaskFacts } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import { bringHome, endWithoutImage, lookAfterEnd } from './after-end.ts';
import { backoffMs } from './backoff.ts';
import { findKeptImage, keepImage, type FoundImage } from './find-image.ts';
import { isPastHorizon, MAX_UPLOAD_POLL_MS, snooze } from './look-again.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';
import { toldFacts } from './told-facts.ts';

/**
 * The provider says that it has made the image, and no valid upload is there: waits while that may come, then fetches the image from
 * its address. An answer without the image proves nothing yet, whatever it is: a copy of it may be on its way to the address, and
 * the provider may name another one. Only when it has been asked for with patience is it lost.
 */
export async function awaitImage(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  facts: TaskFacts,
  found: FoundImage,
  signal?: AbortSignal,
): Promise<Outcome> {
  const uploading = awaitUpload(purchase, view, Math.min(view.succeededSeenAt ?? view.now, toldFacts(view)?.at ?? view.now));
  if (uploading !== undefined) return uploading;
  const fetched = await fetchImage(purchase, ref, view, facts, signal);
  if (fetched.kind === 'kept')
    return bringHome(purchase, ref, view, { status: 'succeeded', image: fetched.image, facts, factsFrom: 'provider', road: 'image-url' });
  if (fetched.kind === 'unavailable' && !isPastHorizon(purchase, view)) return snooze(view, retryDelay(purchase, view, 0), 'image-url');

  const kept = await findKeptImage(purchase, ref, view);
  if (kept !== undefined)
    return bringHome(purchase, ref, view, { status: 'succeeded', image: kept, facts, factsFrom: 'provider', road: 'upload' });
  return missImage(purchase, ref, view, facts, { ...fetched, uploaded: found.kind === 'invalid' ? found.bytes : undefined });
}

/** Puts a settlement back while the upload may still come. @param madeAt When the image was said to be made. @returns undefined once its window has passed. */
export function awaitUpload({ settings: { askForUpload, timing } }: Purchase, view: SubmissionView, madeAt: number): Outcome | undefined {
  const waitedMs = view.now - madeAt;
  const leftMs = timing.uploadWindowMs - waitedMs;
  if (!askForUpload || leftMs <= 0) return undefined;
  return snooze(view, Math.min(leftMs, Math.max(timing.uploadPollMs, Math.min(waitedMs / 2, MAX_UPLOAD_POLL_MS))), 'upload');
}

type Fetched =
  | Extract<FoundImage, { kind: 'kept' }>
  /** Trouble on the way: the address did not answer, or not for now. */
  | { kind: 'unavailable'; reason: string }
  /** Something else was answered. */
  | { kind: 'not-there'; reason: string; came?: { bytes: Uint8Array; isImage: boolean } };

async function fetchImage(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  { imageURL }: TaskFacts,
  signal: AbortSignal | undefined,
): Promise<Fetched> {
  if (imageURL === undefined) return { kind: 'not-there', reason: 'the provider named no address' };
  const { provider, archive, around } = purchase;
  const download = await provider.downloadImage(imageURL, signal);
  if (download.kind !== 'fetched') {
    around.log('image.unavailable', ref, { faultCode: download.fault.code });
    return { kind: download.kind, reason: download.fault.message };
  }
  const { bytes } = download;
  const verdict = archive.verify(ref, view.request, bytes);
  if (verdict.kind === 'invalid') {
    around.log('image.invalid', ref, { reason: verdict.reason });
    return { kind: 'not-there', reason: verdict.reason, came: { bytes, isImage: verdict.isImage } };
  }
  const kept = await keepImage(purchase, ref, view, verdict.image, bytes);
  return kept.kind === 'kept' ? kept : { kind: 'not-there', reason: 'reason' in kept ? kept.reason : kept.kind };
}

/** Asks again until patience has run out. Then the submission is lost, or, after its end, is looked for as before. */
async function missImage(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  facts: TaskFacts,
  { reason, came, uploaded }: { reason: string; came?: { bytes: Uint8Array; isImage: boolean }; uploaded: Uint8Array | undefined },
): Promise<Outcome> {
  const { store, archive, settings, around } = purchase;
  const { timing } = settings;
  // Kept at once: it may be what was made, and the address may answer with less than it the next time.
  const early = came?.isImage === true && view.quarantineKey === undefined ? await archive.quarantine(ref, came.bytes) : view.quarantineKey;
  const missedMs = await store.recordMissingImage(ref, {
    maxGapMs: 2 * timing.maxTroubleMs,
    ...(early === undefined ? {} : { quarantineKey: early }),
  });
  if (missedMs < timing.patienceMs) {
    around.log('image.missing', ref, { missedMs });
    return snooze(view, retryDelay(purchase, view, missedMs), 'image-url');
  }
  if (isFinalSubmission(view.status)) return lookAfterEnd(purchase, view, 'lost');
  const bytes = came?.bytes ?? uploaded;
  const quarantineKey = early ?? (bytes === undefined ? undefined : await archive.quarantine(ref, bytes));
  return endWithoutImage(purchase, ref, view, {
    status: 'lost',
    facts,
    factsFrom: 'provider',
    reason,
    ...(quarantineKey === undefined ? {} : { quarantineKey }),
  });
}

/** Grows with the time that the image has been asked for, or else with the number of looks. */
function retryDelay({ settings: { timing }, around }: Purchase, view: SubmissionView, missedMs: number): number {
  if (missedMs === 0)
    return backoffMs(timing.troubleMs, timing.maxTroubleMs, view.missingAt === undefined ? view.settlements : 1, around.random);
  return Math.round(Math.min(timing.maxTroubleMs, Math.max(timing.troubleMs, missedMs / 2)) * (1 - 0.2 * around.random()));
}
