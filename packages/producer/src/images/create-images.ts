import { ConfigError, ProblemList } from '@darkroom/contracts';
import { createObjectStorage } from '@darkroom/object-storage';
import { buildImages } from './build-images.ts';
import type { Images } from './images.ts';
import { imagesProblems, readImagesOptions, resolveImagesOptions, type ImagesOptions } from './options.ts';

/** Makes the reader without connecting. @throws ConfigError with all problems of the options at once. */
export function createImages(given: ImagesOptions): Images {
  const problems = new ProblemList();
  const options = readImagesOptions(given, problems);
  if (options === undefined) throw new ConfigError(problems);
  const config = resolveImagesOptions(options);
  problems.push(...imagesProblems(config));
  if (problems.count > 0) throw new ConfigError(problems);
  const { now, cdnUrl, boundTo, maxReferenceImageBytes } = config;
  // A verified image is read up to its verified size, so it needs no other bound.
  const storage = createObjectStorage({ ...config.storage, maxImageBytes: maxReferenceImageBytes }, { now });
  return buildImages({ storage, cdnUrl, boundTo, maxReferenceImageBytes, now });
}
