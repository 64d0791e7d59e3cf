import { contentTypeOf, tenantFolder, type ExpectedDimensions, type KeptInput } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { inputKey } from './keys.ts';
import { presignGet } from './presign.ts';
import { findFormat, verifyImage, type InvalidImageReason } from './verify-image.ts';

/** The reference images of requests, in a folder of each tenant, named by the SHA-256 of their bytes: a tenant's same image is kept once. */
export interface InputStore {
  /** Keeps a reference image after checking that it is a JPG, PNG or WEBP, complete, and within the limits. */
  keepInput(tenant: string, bytes: Uint8Array, maxSizeBytes: number): Promise<KeepInputResult>;
  /** Presigns a URL for reading a reference image, with the range of seconds of `presignUpload`. */
  presignInput(input: KeptInput, expiresInSeconds: number): Promise<string>;
}

export type KeepInputResult =
  | { kind: 'kept'; input: KeptInput }
  | { kind: 'invalid'; reason: InvalidImageReason; /** In words; safe to log. */ detail: string };

/** The page names no limits for the sides of a reference image; these exclude false headers and sizes that no model reads. */
const DIMENSIONS: ExpectedDimensions = { kind: 'bounded', minSide: 16, maxSide: 16_384 };

/** @param now Milliseconds since 1970; presigned URLs count from it. */
export function createInputStore(bucket: Bucket, now: () => number): InputStore {
  return {
    async keepInput(tenant, bytes, maxSizeBytes) {
      const format = findFormat(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) ?? 'JPG';
      const verdict = verifyImage(bytes, { format, dimensions: DIMENSIONS, maxSizeBytes });
      if (verdict.kind === 'invalid') return verdict;
      // An existing object has the same bytes: their hash is its name.
      const input = { tenantPart: tenantFolder(tenant), sha256: verdict.sha256 };
      await bucket.writeOnce(inputKey(input), bytes, contentTypeOf(format));
      return { kind: 'kept', input };
    },
    presignInput: (input, expiresInSeconds) => presignGet(bucket, inputKey(input), expiresInSeconds, now(), {}),
  };
}
