import { contentTypeOf, type ExpectedDimensions } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { inputKey } from './keys.ts';
import { presignGet } from './presign.ts';
import { findFormat, verifyImage, type InvalidImageReason } from './verify-image.ts';

/** The reference images of requests, under `inputs/`, each by the SHA-256 of its bytes: the same image is kept once. */
export interface InputStore {
  /** Keeps a reference image, once it is seen to be one: JPG, PNG or WEBP, complete, and within the bounds. */
  keepInput(bytes: Uint8Array, maxSizeBytes: number): Promise<KeptInput>;
  /** A URL for reading a reference image; the same range of seconds as for `presignUpload`. */
  presignInput(sha256: string, expiresInSeconds: number): Promise<string>;
}

export type KeptInput =
  | { kind: 'kept'; sha256: string }
  | { kind: 'invalid'; reason: InvalidImageReason; /** In words; safe to log. */ detail: string };

/** The page names no bounds for the sides of a reference image; these keep out what no model reads and a header may claim. */
const DIMENSIONS: ExpectedDimensions = { kind: 'bounded', minSide: 16, maxSide: 16_384 };

/** @param now Milliseconds since 1970; presigned URLs count from it. */
export function createInputStore(bucket: Bucket, now: () => number): InputStore {
  return {
    async keepInput(bytes, maxSizeBytes) {
      const format = findFormat(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) ?? 'JPG';
      const verdict = verifyImage(bytes, { format, dimensions: DIMENSIONS, maxSizeBytes });
      if (verdict.kind === 'invalid') return verdict;
      // What lies there already has the same bytes: they are its name.
      await bucket.writeOnce(inputKey(verdict.sha256), bytes, contentTypeOf(format));
      return { kind: 'kept', sha256: verdict.sha256 };
    },
    presignInput: (sha256, expiresInSeconds) => presignGet(bucket, inputKey(sha256), expiresInSeconds, now(), {}),
  };
}
