import { ConfigError, InvalidRequestError, ProblemList, readOptions, type GenerationView } from '@darkroom/contracts';
import { createObjectStorage } from '@darkroom/object-storage';
import { imagesProblems, readImagesOptions, resolveImagesOptions, type ImagesOptions } from './options.ts';
import { putReferenceImage } from './put-reference-image.ts';
import { readImage, responseItemOf, type ImageResult, type ReadImageOptions, type RunwareResponseItem } from './read-image.ts';

/** Reads images from the bucket, and puts reference images into it. */
export interface Images {
  /**
   * Reads one image, in the form of the request's `outputType`: a presigned URL, valid for its `ttl` (an hour by default; S3 ends it after
   * seven days); or its bytes, verified again by their SHA-256, in base64 or as a data URI.
   * @throws GenerationError "image.not-there" if the generation has no verified image at this index; StorageError "storage.damaged-image"
   * if its bytes differ from the verified ones, "storage.unavailable" if S3 does not answer.
   */
  read(generation: GenerationView, index: number, options?: ReadImageOptions): Promise<ImageResult>;
  /**
   * Returns the images of a generation as Runware would have answered, in the order of their index. An image that failed has no item;
   * its `generation.images[].fault` has the reason.
   * @throws the errors of `read` for each verified image.
   */
  toRunwareResponse(generation: GenerationView): Promise<RunwareResponseItem[]>;
  /**
   * Puts a reference image into the bucket, once for the same bytes: for images too large to travel in a request.
   * @param image A JPG, PNG or WEBP: its bytes, a data URI in base64, or base64.
   * @returns a reference for `inputs.referenceImages`; the provider gets a presigned URL in its place when the image is bought.
   * @throws InvalidRequestError if it is no image or too large; StorageError.
   */
  putReferenceImage(image: Uint8Array | string): Promise<string>;
  /** Closes idle connections. May be called twice. */
  close(): void;
}

/** Makes the reader without connecting. @throws ConfigError with all problems of the options at once. */
export function createImages(given: ImagesOptions): Images {
  const problems = new ProblemList();
  const options = readImagesOptions(given, problems);
  if (options === undefined) throw new ConfigError(problems);
  const config = resolveImagesOptions(options);
  problems.push(...imagesProblems(config));
  if (problems.count > 0) throw new ConfigError(problems);
  const { now, maxReferenceImageBytes: maxBytes } = config;
  // A verified image is read up to its verified size, so it needs no other bound.
  const storage = createObjectStorage({ ...config.storage, maxImageBytes: maxBytes }, { now });
  return {
    async read(generation, index, given = {}) {
      const problems = new ProblemList();
      const options = readOptions(given, { path: 'options', known: ['downloadName'] satisfies (keyof ReadImageOptions)[] }, problems);
      if (options === undefined || problems.count > 0) throw new InvalidRequestError(problems);
      return readImage({ storage, now }, generation, index, options);
    },
    async toRunwareResponse(generation) {
      const there = generation.images.filter(({ image }) => image !== undefined);
      return Promise.all(there.map(async ({ index }) => responseItemOf(await readImage({ storage, now }, generation, index, {}))));
    },
    putReferenceImage: (image) => putReferenceImage({ storage, maxBytes }, image),
    close: () => storage.close(),
  };
}
