import type { SubmissionRef, VerifiedImage } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import type { Purchase } from './purchase.ts';

/** The image of a submission as S3 holds it. */
export type FoundImage =
  /** The image is verified and lies under its final key (I5). */
  | { kind: 'kept'; image: VerifiedImage }
  /** The upload is not the image that was ordered. */
  | { kind: 'invalid'; reason: string; bytes?: Uint8Array }
  | { kind: 'missing' };

/**
 * Looks for the upload of a submission and keeps it, unless an earlier run has. Writes the same bytes that it verified: a presigned PUT can
 * be replayed, so a copy made inside S3 could copy other bytes.
 */
export async function findImage(purchase: Purchase, ref: SubmissionRef, view: SubmissionView): Promise<FoundImage> {
  const { archive, around } = purchase;
  if (view.image !== undefined) return { kind: 'kept', image: view.image };
  const staged = await archive.readStaging(ref);
  if (staged.kind === 'found') {
    const verdict = archive.verify(ref, view.expected, staged.bytes);
    if (verdict.kind === 'valid') return keepImage(purchase, ref, view, verdict.image, staged.bytes);
    around.log('image.invalid', ref, { reason: verdict.reason });
  }
  switch (staged.kind) {
    case 'found':
      return { kind: 'invalid', reason: 'not the image that was ordered', bytes: staged.bytes };
    case 'too-large':
      return { kind: 'invalid', reason: `${staged.sizeBytes} bytes are too many` };
    case 'missing':
      return { kind: 'missing' };
    default:
      return staged satisfies never;
  }
}

/** Writes verified bytes under their final key. If an object lies there already, that object is the image. */
export async function keepImage(
  purchase: Purchase,
  ref: SubmissionRef,
  view: SubmissionView,
  image: VerifiedImage,
  bytes: Uint8Array,
): Promise<FoundImage> {
  if ((await purchase.archive.keepImage(ref, image, bytes)) === 'kept') return { kind: 'kept', image };
  const kept = await findKeptImage(purchase, ref, view);
  // Only verified bytes are ever written there, and they are never overwritten.
  return kept === undefined
    ? { kind: 'invalid', reason: 'the bytes under the final key are not the image that was ordered' }
    : { kind: 'kept', image: kept };
}

/**
 * Returns the verified image under the final key, if there is one. An earlier run may have kept it and died, and the upload may have been
 * overwritten since.
 */
export async function findKeptImage(
  { archive }: Purchase,
  ref: SubmissionRef,
  { expected }: SubmissionView,
): Promise<VerifiedImage | undefined> {
  const kept = await archive.readImage(ref, expected.outputFormat);
  if (kept.kind !== 'found') return undefined;
  const verdict = archive.verify(ref, expected, kept.bytes);
  return verdict.kind === 'valid' ? verdict.image : undefined;
}
