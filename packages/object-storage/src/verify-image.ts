import { createHash } from 'node:crypto';
import {
  contentTypeOf,
  fitsDimensions,
  outputFormats,
  type ExpectedDimensions,
  type OutputFormat,
  type SubmissionRef,
  type VerifiedImage,
} from '@darkroom/contracts';
import { imageDimensionsFromData } from 'image-dimensions';
import { imageStructures } from './image-structure.ts';
import { imageKey } from './keys.ts';

/** Requirements on the bytes of an image. */
export interface ImageExpectation {
  format: OutputFormat;
  dimensions: ExpectedDimensions;
  /** Largest accepted file, in bytes. Default 32 MiB. */
  maxSizeBytes?: number;
}

/** Verified properties of bytes that have no key yet. */
export type ValidImage = Omit<VerifiedImage, 'key'> & { kind: 'valid' };

export type InvalidImageReason =
  | 'too-small'
  | 'too-large'
  | 'not-an-image'
  | 'wrong-format'
  | 'unreadable-header'
  | 'wrong-dimensions'
  | 'incomplete';

export type ImageVerdict = ValidImage | { kind: 'invalid'; reason: InvalidImageReason; /** In words; safe to log. */ detail: string };

/** Less than the header of any of the three formats plus one pixel. */
const MIN_SIZE_BYTES = 40;
/** An uncompressed image of the largest size is 6 MB (1408 x 1408 x 3); a lossless one is smaller. Five times that. */
const DEFAULT_MAX_SIZE_BYTES = 32 * 1024 * 1024;

/**
 * Decides if bytes are the bought image (I5): size, magic bytes, width and height, and that the file reaches its end. Pure, and safe for
 * hostile bytes: it decodes nothing, and reads headers with a library that checks every offset against the length and knows only six
 * formats.
 */
export function verifyImage(
  bytes: Uint8Array,
  { format, dimensions, maxSizeBytes = DEFAULT_MAX_SIZE_BYTES }: ImageExpectation,
): ImageVerdict {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < MIN_SIZE_BYTES) return invalid('too-small', `${buffer.length} bytes hold no image`);
  if (buffer.length > maxSizeBytes)
    return invalid('too-large', `${buffer.length} bytes are more than the ${maxSizeBytes} that are allowed`);

  const found = findFormat(buffer);
  if (found === undefined) return invalid('not-an-image', `${buffer.length} bytes do not start like ${outputFormats.join(', ')}`);
  if (found !== format) return invalid('wrong-format', `${found} instead of ${format}`);

  const size = readSize(bytes);
  if (size === undefined) return invalid('unreadable-header', `the header of the ${format} holds no size`);
  if (!fitsDimensions(dimensions, size))
    return invalid('wrong-dimensions', `${size.width}x${size.height} instead of ${describe(dimensions)}`);
  if (!imageStructures[format].isComplete(buffer))
    return invalid('incomplete', `the ${format} of ${buffer.length} bytes is truncated or damaged`);

  const sha256 = createHash('sha256').update(buffer).digest('hex');
  return { kind: 'valid', format, contentType: contentTypeOf(format), ...size, sizeBytes: buffer.length, sha256 };
}

/** Returns true if bytes refused for this reason begin like an image. */
export const isImage = (reason: InvalidImageReason): boolean =>
  reason !== 'too-small' && reason !== 'too-large' && reason !== 'not-an-image';

/** Returns the format whose magic bytes a file begins with. */
export const findFormat = (bytes: Buffer): OutputFormat | undefined =>
  outputFormats.find((candidate) => imageStructures[candidate].startsLike(bytes));

/** Builds the description of a verified image under its final key. */
export function verifiedImageOf(ref: SubmissionRef, { format, contentType, width, height, sizeBytes, sha256 }: ValidImage): VerifiedImage {
  return { key: imageKey(ref, format), format, contentType, width, height, sizeBytes, sha256 };
}

function readSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  try {
    const size = imageDimensionsFromData(bytes);
    return size === undefined || size.width < 1 || size.height < 1 ? undefined : { width: size.width, height: size.height };
  } catch {
    // The library documents no errors; still, none may stop a worker on bytes from outside.
    return undefined;
  }
}

const invalid = (reason: InvalidImageReason, detail: string): ImageVerdict => ({ kind: 'invalid', reason, detail });

function describe(dimensions: ExpectedDimensions): string {
  switch (dimensions.kind) {
    case 'exact':
      return `${dimensions.width}x${dimensions.height}`;
    case 'one-of':
      return `one of the ${dimensions.sizes.length} sizes of the model`;
    case 'bounded':
      return `sides from ${dimensions.minSide} to ${dimensions.maxSide}`;
  }
}
