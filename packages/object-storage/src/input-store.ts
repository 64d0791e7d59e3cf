import { contentTypeOf, type ExpectedDimensions } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { inputKey } from './keys.ts';
import { presignGet } from './presign.ts';
import { findFormat, verifyImage, type InvalidImageReason } from './verify-image.ts';

/** The reference images of requests, under `inputs/`, named by the SHA-256 of their bytes: the same image is kept once. */
export interface InputStore {
  /** Keeps a reference image after checking that it is a JPG, PNG or WEBP, complete, and within the limits. */
  keepInput(bytes: Uint8Array, maxSizeBytes: number): Promise<KeptInput>;
  /** Presigns a URL for reading a reference image, with the range of seconds of `presignUpload`. */
  presignInput(sha256: string, expiresInSeconds: number): Promise<string>;
}

export type KeptInput =
  | { kind: 'kept'; sha256: string }
  | { kind: 'invalid'; reason: InvalidImageReason; /** In words; safe to log. */ detail: string };

/** The page names no limits for the sides of a reference image; these exclude false headers and sizes that no model reads. */
const DIMENSIONS: ExpectedDimensions = { kind: 'bounded', minSide: 16, maxSide: 16_384 };

/** @param now Milliseconds since 1970; presigned URLs count from it. */
export function createInputStore(bucket: Bucket, now: () => number): InputStore {
  return {
    async keepInput(bytes, maxSizeBytes) {
      const format = findFormat(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) ?? 'JPG';
      const verdict = verifyImage(bytes, { format, dimensions: DIMENSIONS, maxSizeBytes });
      if (verdict.kind === 'invalid') return verdict;
      // An existing object has the same bytes: their hash is its name.
      await bucket.writeOnce(inputKey(verdict.sha256), bytes, contentTypeOf(format));
      return { kind: 'kept', sha256: verdict.sha256 };
    },
    presignInput: (sha256, expiresInSeconds) => presignGet(bucket, inputKey(sha256), expiresInSeconds, now(), {}),
  };
}
