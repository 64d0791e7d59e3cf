import { InvalidRequestError, ProblemList, readOptions } from '@darkroom/contracts';
import { buildGenerationImage, downloadNameProblems } from './generation-image.ts';
import type { Images, ImageStorage, ReadImageOptions } from './images.ts';
import { putReferenceImage } from './put-reference-image.ts';
import { mustBeView, readImage, responseItemOf, ttlSecondsOf, verifiedImageAt } from './read-image.ts';

export interface ImagesParts {
  storage: ImageStorage;
  cdnUrl: string | undefined;
  /** The tenant to which the reader is bound. */
  boundTo: string | undefined;
  maxReferenceImageBytes: number;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Builds the reader of images. Its `close` closes the given storage. */
export function buildImages({ storage, cdnUrl, boundTo, maxReferenceImageBytes: maxBytes, now }: ImagesParts): Images {
  return {
    image(generation, index) {
      const { image } = verifiedImageAt(generation, index);
      return buildGenerationImage({
        storage,
        generationId: generation.generationId,
        index,
        image,
        ttlSeconds: ttlSecondsOf(generation),
        cdnUrl,
      });
    },
    async read(generation, index, given = {}) {
      const problems = new ProblemList();
      const options = readOptions(given, { path: 'options', known: ['downloadName'] satisfies (keyof ReadImageOptions)[] }, problems);
      problems.push(...downloadNameProblems(options?.downloadName));
      if (options === undefined || problems.count > 0) throw new InvalidRequestError(problems);
      return readImage({ storage, now }, generation, index, options);
    },
    async toRunwareResponse(generation) {
      mustBeView(generation, 0);
      const there = generation.images.filter(({ image }) => image !== undefined);
      return Promise.all(there.map(async ({ index }) => responseItemOf(await readImage({ storage, now }, generation, index, {}))));
    },
    putReferenceImage: (image, given = {}) => putReferenceImage({ storage, maxBytes, boundTo }, image, given),
    close: () => storage.close(),
  };
}
