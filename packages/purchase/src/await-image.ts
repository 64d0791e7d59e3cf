import { defined, isFinalSubmission, type SubmissionRef, type TaskFacts } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import { bringHome, endWithoutImage, lookAfterEnd } from './after-end.ts';
import { backoffMs } from './backoff.ts';
import { findKeptImage, keepImage, type FoundImage } from './find-image.ts';
import { isPastHorizon, MAX_UPLOAD_POLL_MS, snooze } from './look-again.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';
import { toldFacts } from './told-facts.ts';

/**
 * Looks for an image that the provider says it has made and that has no valid upload. Waits during the upload window, then fetches the
 * image from its address. An answer without the image proves nothing yet: a copy may still be on its way to the address, and the provider
 * may name another address. The image is lost only when the patience has run out.
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

/**
 * Puts a settlement back while the upload may still come.
 * @param madeAt The time at which the provider said that the image was made.
 * @returns undefined once the upload window is over.
 */
export function awaitUpload({ settings: { askForUpload, timing } }: Purchase, view: SubmissionView, madeAt: number): Outcome | undefined {
  const waitedMs = view.now - madeAt;
  const leftMs = timing.uploadWindowMs - waitedMs;
  if (!askForUpload || leftMs <= 0) return undefined;
  return snooze(view, Math.min(leftMs, Math.max(timing.uploadPollMs, Math.min(waitedMs / 2, MAX_UPLOAD_POLL_MS))), 'upload');
}

type Fetched =
  | Extract<FoundImage, { kind: 'kept' }>
  /** The address gave no answer, or a temporary error. */
  | { kind: 'unavailable'; reason: string }
  /** The address answered with something else than the image. */
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
  const verdict = archive.verify(ref, view.expected, bytes);
  if (verdict.kind === 'invalid') {
    around.log('image.invalid', ref, { reason: verdict.reason });
    return { kind: 'not-there', reason: verdict.reason, came: { bytes, isImage: verdict.isImage } };
  }
  const kept = await keepImage(purchase, ref, view, verdict.image, bytes);
  return kept.kind === 'kept' ? kept : { kind: 'not-there', reason: 'reason' in kept ? kept.reason : kept.kind };
}

/** Asks again until the patience has run out. Then a live submission is lost, and an ended one is looked for as before. */
async function missImage(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  facts: TaskFacts,
  { reason, came, uploaded }: { reason: string; came?: { bytes: Uint8Array; isImage: boolean }; uploaded: Uint8Array | undefined },
): Promise<Outcome> {
  const { store, archive, settings, around } = purchase;
  const { timing } = settings;
  // Kept at once: these bytes may be all that was made, and the address may answer with less next time.
  const early = came?.isImage === true && view.quarantineKey === undefined ? await archive.quarantine(ref, came.bytes) : view.quarantineKey;
  const missedMs = await store.recordMissingImage(ref, defined({ maxGapMs: 2 * timing.maxTroubleMs, quarantineKey: early }));
  if (missedMs < timing.patienceMs) {
    around.log('image.missing', ref, { missedMs });
    return snooze(view, retryDelay(purchase, view, missedMs), 'image-url');
  }
  if (isFinalSubmission(view.status)) return lookAfterEnd(purchase, view, 'lost');
  const bytes = came?.bytes ?? uploaded;
  const quarantineKey = early ?? (bytes === undefined ? undefined : await archive.quarantine(ref, bytes));
  return endWithoutImage(purchase, ref, view, { status: 'lost', facts, factsFrom: 'provider', reason, ...defined({ quarantineKey }) });
}

/** Returns the wait before the next look: it grows with the number of looks, and once the image is missing, with the time since then. */
function retryDelay({ settings: { timing }, around }: Purchase, view: SubmissionView, missedMs: number): number {
  if (missedMs === 0)
    return backoffMs(timing.troubleMs, timing.maxTroubleMs, view.missingAt === undefined ? view.settlements : 1, around.random);
  return Math.round(Math.min(timing.maxTroubleMs, Math.max(timing.troubleMs, missedMs / 2)) * (1 - 0.2 * around.random()));
}
