import {
  checksContent,
  contentTypeOf,
  defined,
  errorCodes,
  extensionOf,
  formatUsd,
  generationIdTime,
  knownModels,
  modelOf,
  taskUuidOf,
  type GenerationStatus,
  type GenerationView,
  type ImageView,
  type ModelRequest,
  type NanoUsd,
  type RequestOutline,
  type VerifiedImage,
} from '@darkroom/contracts';
import type { FoundErasure, NewGeneration } from '@darkroom/generation-store';
import type { MemoryImages } from './memory-images.ts';
import { statusOfFault, type Fail, type Outcome, type Succeed } from './outcomes.ts';

/** One generation of a testing producer. */
export interface Entry {
  generation: NewGeneration;
  /** The end that its enqueue took. */
  outcome: Outcome;
  /** Milliseconds since 1970. */
  createdAt: number;
  finishedAt?: number;
  status: GenerationStatus;
  /** Raised with each change. */
  revision: number;
  images: ImageView[];
  /** Indexes of the withheld images that were released. */
  released: Set<number>;
  /** Set once it is erased, which takes no time here. */
  erased?: FoundErasure;
}

/** A PNG of one pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

/** Builds an image that is not sent yet. */
export const beginImage = ({ generationId }: NewGeneration, index: number): ImageView => ({
  index,
  status: 'open',
  submissionStatus: 'planned',
  submissions: 1,
  taskUUID: taskUuidOf({ generationId, index, n: 1 }),
  costUsd: '0',
  extras: [],
});

/** Builds an image at its end, with the facts that a delivery reports. */
export function endImage({ generation }: Entry, image: ImageView, end: Succeed | Fail, images: MemoryImages, settledAt: number): ImageView {
  const paidUsd = formatUsd(generation.imageNanoUsd);
  if (end.kind === 'succeed') {
    return {
      ...image,
      status: 'succeeded',
      submissionStatus: 'succeeded',
      image: keepImage(generation, image.index, end.bytes ?? PIXEL, images),
      imageUUID: image.taskUUID,
      seed: image.index + 1,
      ...defined({ nsfwContent: checksContent(generation.request) ? (end.nsfwContent ?? false) : undefined }),
      factsFrom: 'delivery',
      road: 'upload',
      costUsd: paidUsd,
      settledAt,
    };
  }
  const { code, message = '' } = end;
  const status = statusOfFault[code];
  const costUsd = status === 'lost' ? paidUsd : '0';
  return { ...image, status, submissionStatus: status, costUsd, fault: { code, message }, settledAt };
}

const CANCELLED = 'generation.cancelled';

/** Builds an image that was cancelled: what was sent is paid for and may still come home. */
export const cancelImage = (image: ImageView): ImageView =>
  image.submissionStatus === 'planned'
    ? { ...image, status: 'failed', submissionStatus: 'failed', fault: { code: CANCELLED, message: errorCodes[CANCELLED] } }
    : image;

function keepImage(generation: NewGeneration, index: number, bytes: Uint8Array, images: MemoryImages): VerifiedImage {
  const { generationId } = generation;
  const { expected } = outlineOf(generation);
  const format = expected.outputFormat;
  const day = new Date(generationIdTime(generationId)).toISOString().slice(0, 10).replaceAll('-', '/');
  const key = `images/${day}/${generationId}/${index}-1.${extensionOf(format)}`;
  return {
    key,
    format,
    contentType: contentTypeOf(format),
    ...sizeOf(expected),
    sizeBytes: bytes.length,
    sha256: images.keep(key, bytes),
  };
}

/** Returns what stays of a request when it is erased, beside what its images must be. */
export const outlineOf = ({ request, outline }: NewGeneration): RequestOutline => outline ?? modelOf(knownModels, request).outline(request);

/** Returns the size that was requested, or else one that the model makes. */
function sizeOf({ dimensions }: RequestOutline['expected']): { width: number; height: number } {
  if (dimensions.kind === 'exact') return { width: dimensions.width, height: dimensions.height };
  if (dimensions.kind === 'one-of' && dimensions.sizes[0] !== undefined) return dimensions.sizes[0];
  return { width: 1024, height: 1024 };
}

/** Returns true if an image came home and may not be seen. */
export const isWithheld = ({ generation, released }: Pick<Entry, 'generation' | 'released'>, { index, status, nsfwContent }: ImageView) =>
  generation.withholdFlagged === true && status === 'succeeded' && nsfwContent !== false && !released.has(index);

/** Takes out of a view what leads to the image. */
function withhold({ image: _image, imageUUID: _imageUUID, ...view }: ImageView): ImageView {
  return { ...view, extras: [], withheld: true };
}

/** Builds what a caller sees. */
export function viewOf({ generation, status, revision, images, released, createdAt, finishedAt }: Entry): GenerationView {
  const {
    generationId,
    tenant,
    imageNanoUsd,
    deadlineAt,
    runAt,
    retryOf,
    replaces,
    priority,
    withholdFlagged,
    traceparent,
    tags,
    metadata,
  } = generation;
  const request = generation.request as ModelRequest; // as a model read it
  const { provider, model } = outlineOf(generation);
  // the money of an image for later is held once it is due
  const isLater = (image: ImageView): boolean => runAt !== undefined && runAt > createdAt && image.submissionStatus === 'planned';
  const isHeld = (image: ImageView): boolean => (image.status === 'open' && !isLater(image)) || image.status === 'unknown';
  const isPaid = (image: ImageView): boolean => image.costUsd !== '0';
  const sumOf = (which: (image: ImageView) => boolean): NanoUsd => images.filter(which).length * imageNanoUsd;
  return {
    generationId,
    revision,
    status,
    provider,
    model,
    tenant,
    request,
    images: images.map((image) => (isWithheld({ generation, released }, image) ? withhold(image) : { ...image })),
    costUsd: formatUsd(sumOf(isPaid)),
    reservedUsd: formatUsd(sumOf(isHeld)),
    createdAt,
    amended: false,
    ...defined({
      finishedAt,
      deadlineAt,
      runAt,
      clientReference: request.clientReference,
      retryOf,
      priority,
      withholdFlagged,
      traceparent,
      tags,
      metadata,
    }),
    ...(replaces && { replaces: [...replaces] }),
  };
}
