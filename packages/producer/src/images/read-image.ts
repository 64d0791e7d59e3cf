import {
  defined,
  GenerationError,
  taskType,
  taskUuidOf,
  type GenerationView,
  type ImageView,
  type VerifiedImage,
} from '@darkroom/contracts';
import { MAX_URL_SECONDS } from './generation-image.ts';
import type { ImageResult, ImageStorage, ReadImageOptions, RunwareResponseItem } from './images.ts';

/** Lifetime of an `imageURL` without a `ttl` in the request. */
const DEFAULT_TTL_SECONDS = 3600;

/** Returns the lifetime in seconds of the URLs of a generation: S3 ends them after seven days. */
export const ttlSecondsOf = ({ request }: GenerationView): number => Math.min(request.ttl ?? DEFAULT_TTL_SECONDS, MAX_URL_SECONDS);

/** Finds the verified image at an index. @throws GenerationError "image.not-there", "image.withheld" */
export function verifiedImageAt(generation: GenerationView, index: number): { view: ImageView; image: VerifiedImage } {
  const view = generation.images[index];
  if (view?.withheld === true) throw withheld(generation, index);
  if (view?.image === undefined) throw notThere(generation, index, view);
  return { view, image: view.image };
}

/** Reads one image. `now`: milliseconds since 1970. */
export async function readImage(
  { storage, now }: { storage: Pick<ImageStorage, 'presignRead' | 'readVerified'>; now: () => number },
  generation: GenerationView,
  index: number,
  options: ReadImageOptions,
): Promise<ImageResult> {
  const { view, image } = verifiedImageAt(generation, index);
  const { outputType, includeCost } = generation.request;
  const result: ImageResult = { index, image, ...factsOf(generation, view, includeCost) };
  switch (outputType) {
    case 'URL': {
      const seconds = ttlSecondsOf(generation);
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

/** Drops the fields that the page does not have. */
export const responseItemOf = ({ index: _index, image: _image, expiresAt: _expiresAt, ...item }: ImageResult): RunwareResponseItem => item;

/**
 * Builds the facts of an item. All items of one request have its `taskUUID`: the caller's own, or else the id of the first purchase. If
 * Runware never reported the `imageUUID`, which the page requires, the task that made the image stands for it: it made no other.
 */
function factsOf(generation: GenerationView, view: ImageView, includeCost: boolean): RunwareResponseItem {
  const { generationId, clientReference } = generation;
  return {
    taskType,
    taskUUID: clientReference ?? taskUuidOf({ generationId, index: 0, n: 1 }),
    imageUUID: view.imageUUID ?? view.taskUUID,
    // A JSON number for the cost, as on the page; `generation` has the exact amounts.
    ...defined({ seed: view.seed, NSFWContent: view.nsfwContent, cost: includeCost ? Number(view.costUsd) : undefined }),
  };
}

const readBase64 = async (storage: Pick<ImageStorage, 'readVerified'>, image: VerifiedImage): Promise<string> => {
  const bytes = await storage.readVerified(image);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
};

function withheld({ generationId }: GenerationView, index: number): GenerationError {
  const message = `image ${index} of generation "${generationId}" is withheld: the content check did not clear it, and no operator has released it`;
  return new GenerationError('image.withheld', message, { details: { generationId, index } });
}

function notThere({ generationId, images }: GenerationView, index: number, view: ImageView | undefined): GenerationError {
  const why = view === undefined ? `it has ${images.length} images, from 0` : `it is "${view.status}"`;
  return new GenerationError('image.not-there', `could not read image ${index} of generation "${generationId}": ${why}`, {
    details: { generationId, index },
  });
}
