import {
  GenerationError,
  taskType,
  taskUuidOf,
  type GenerationView,
  type ImageView,
  type ResponseItem,
  type VerifiedImage,
} from '@darkroom/contracts';
import { MAX_PRESIGN_SECONDS, type ObjectStorage } from '@darkroom/object-storage';

/**
 * One item of a response, as Runware would have written it (model page, "Response Parameters"): one of `imageURL`,
 * `imageBase64Data` and `imageDataURI`, by the request's `outputType`; `seed` and `NSFWContent` if Runware told them; `cost`, in
 * US dollars, if the request asked for it.
 */
export type RunwareResponseItem = Pick<
  ResponseItem,
  'taskType' | 'taskUUID' | 'imageUUID' | 'imageURL' | 'imageBase64Data' | 'imageDataURI' | 'seed' | 'NSFWContent' | 'cost'
>;

/** A verified image, in the form that the request asked for. */
export interface ImageResult extends RunwareResponseItem {
  index: number;
  /** What was verified of it: type, size in pixels and bytes, SHA-256. */
  image: VerifiedImage;
  /** When `imageURL` ends, in milliseconds since 1970. */
  expiresAt?: number;
}

export interface ReadImageOptions {
  /** Makes a browser save what `imageURL` gives under this name; anything but letters, digits, "-", "_" and "." becomes "_". */
  downloadName?: string;
}

/** How long an `imageURL` can be used if the request names no `ttl`. */
const DEFAULT_TTL_SECONDS = 3600;

/** Reads one image. `now`: milliseconds since 1970. */
export async function readImage(
  { storage, now }: { storage: Pick<ObjectStorage, 'presignRead' | 'readVerified'>; now: () => number },
  generation: GenerationView,
  index: number,
  options: ReadImageOptions,
): Promise<ImageResult> {
  const view = generation.images[index];
  const image = view?.image;
  if (view === undefined || image === undefined) throw notThere(generation, index, view);
  const { outputType, includeCost, ttl = DEFAULT_TTL_SECONDS } = generation.request;
  const result: ImageResult = { index, image, ...factsOf(generation, view, includeCost) };
  switch (outputType) {
    case 'URL': {
      const seconds = Math.min(ttl, MAX_PRESIGN_SECONDS);
      const expiresAt = now() + seconds * 1000;
      return {
        ...result,
        expiresAt,
        imageURL: await storage.presignRead(image.key, seconds, { contentType: image.contentType, ...options }),
      };
    }
    case 'base64Data':
      return { ...result, imageBase64Data: await readBase64(storage, image) };
    case 'dataURI':
      return { ...result, imageDataURI: `data:${image.contentType};base64,${await readBase64(storage, image)}` };
    default:
      return outputType satisfies never;
  }
}

/** The part of a result that the page knows. */
export const responseItemOf = ({ index: _index, image: _image, expiresAt: _expiresAt, ...item }: ImageResult): RunwareResponseItem => item;

/**
 * All items of one request have its `taskUUID`: the caller's own, or else the id of the first purchase. Runware may never have
 * told the `imageUUID`, which the page requires: then the task that made the image stands for it, as it made no other.
 */
function factsOf(generation: GenerationView, view: ImageView, includeCost: boolean): RunwareResponseItem {
  const { generationId, clientReference } = generation;
  return {
    taskType,
    taskUUID: clientReference ?? taskUuidOf({ generationId, index: 0, n: 1 }),
    imageUUID: view.imageUUID ?? view.taskUUID,
    ...(view.seed === undefined ? {} : { seed: view.seed }),
    ...(view.nsfwContent === undefined ? {} : { NSFWContent: view.nsfwContent }),
    // A JSON number, as the page has it; exact amounts are in `generation`.
    ...(includeCost ? { cost: Number(view.costUsd) } : {}),
  };
}

const readBase64 = async (storage: Pick<ObjectStorage, 'readVerified'>, image: VerifiedImage): Promise<string> => {
  const bytes = await storage.readVerified(image);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
};

function notThere({ generationId, images }: GenerationView, index: number, view: ImageView | undefined): GenerationError {
  const why = view === undefined ? `it has ${images.length} images, from 0` : `it is "${view.status}"`;
  return new GenerationError('image.not-there', `could not read image ${index} of generation "${generationId}": ${why}`, {
    details: { generationId, index },
  });
}
