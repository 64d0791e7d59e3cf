import {
  defined,
  describeGiven,
  GenerationError,
  InvalidRequestError,
  ProblemList,
  taskType,
  taskUuidOf,
  UNREADABLE,
  type GenerationView,
  type ImageView,
  type VerifiedImage,
} from '@darkroom/contracts';
import type { ImageResult, ImageStorage, ReadImageOptions, RunwareResponseItem } from './images.ts';

/** Longest lifetime of a presigned URL (Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters"). */
export const MAX_URL_SECONDS = 7 * 24 * 60 * 60;
/** Lifetime of an `imageURL` without a `ttl` in the request. */
const DEFAULT_TTL_SECONDS = 3600;

/** Returns the lifetime in seconds of the URLs of a generation: S3 ends them after seven days. */
export const ttlSecondsOf = ({ request }: GenerationView): number => Math.min(request.ttl ?? DEFAULT_TTL_SECONDS, MAX_URL_SECONDS);

/** Checks the arguments of a caller without types. @throws InvalidRequestError */
export function mustBeView(generation: GenerationView, index: number): void {
  const problems = new ProblemList();
  if (typeof index !== 'number') problems.push({ path: 'index', message: 'must be a number, from 0', given: describeGiven(index) });
  try {
    const isView =
      Array.isArray((generation as Partial<GenerationView> | undefined)?.images) && typeof generation.generationId === 'string';
    if (!isView)
      problems.push({ path: 'generation', message: 'must be a generation, as `get` returns it', given: describeGiven(generation) });
  } catch {
    problems.push({ path: 'generation', message: UNREADABLE });
  }
  if (problems.count > 0) throw new InvalidRequestError(problems);
}

/** Finds the verified image at an index. @throws GenerationError "image.not-there", "image.withheld" */
export function verifiedImageAt(generation: GenerationView, index: number): { view: ImageView; image: VerifiedImage } {
  mustBeView(generation, index);
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
  const readBase64 = async (): Promise<string> => {
    const bytes = await readBytes(storage, generation.generationId, index, image);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  };
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
      return { ...result, imageBase64Data: await readBase64() };
    case 'dataURI':
      return { ...result, imageDataURI: `data:${image.contentType};base64,${await readBase64()}` };
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

/** Reads the bytes of an image. Only the eraser may delete one, so a missing one was erased. @throws GenerationError "generation.erased" */
export async function readBytes(
  storage: Pick<ImageStorage, 'readVerified'>,
  generationId: string,
  index: number,
  image: VerifiedImage,
): Promise<Uint8Array> {
  const bytes = await storage.readVerified(image);
  if (bytes !== undefined) return bytes;
  const message = `could not read image ${index} of generation "${generationId}": the bucket has it no more; a caller or its age has erased it`;
  throw new GenerationError('generation.erased', message, { details: { generationId, index } });
}

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
