import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  describeGiven,
  defined,
  InvalidRequestError,
  ProblemList,
  readOptions,
  type Problem,
  type VerifiedImage,
} from '@darkroom/contracts';
import type { GenerationImage, ImageStorage, UrlOptions } from './images.ts';
import { MAX_URL_SECONDS, readBytes } from './read-image.ts';

/** File systems take no longer name, and servers no much longer URL. */
const MAX_NAME_LENGTH = 255;

const urlOptions = ['ttlSeconds', 'downloadName'] as const satisfies readonly (keyof UrlOptions)[];
/** Names of the same options in other libraries, in lower case. */
const otherNames = { ttl: 'ttlSeconds', expiresin: 'ttlSeconds', filename: 'downloadName' };

export interface GenerationImageParts {
  storage: ImageStorage;
  generationId: string;
  index: number;
  image: VerifiedImage;
  /** Lifetime of a URL in seconds if the caller names none. */
  ttlSeconds: number;
  /** Address of the CDN in front of the bucket. */
  cdnUrl: string | undefined;
}

/** Builds the image that a caller reads. */
export function buildGenerationImage({ storage, generationId, index, image, ttlSeconds, cdnUrl }: GenerationImageParts): GenerationImage {
  const bytes = (): Promise<Uint8Array> => readBytes(storage, generationId, index, image);
  return {
    index,
    image,
    async url(given = {}) {
      const options = readUrlOptions(given, cdnUrl);
      if (cdnUrl !== undefined) return `${cdnUrl.replace(/\/+$/, '')}/${image.key.split('/').map(encodeURIComponent).join('/')}`;
      const { downloadName } = options;
      return storage.presignRead(image.key, options.ttlSeconds ?? ttlSeconds, {
        contentType: image.contentType,
        ...defined({ downloadName }),
      });
    },
    bytes,
    stream: async () => Readable.from([await bytes()], { objectMode: false }),
    async save(path) {
      const all = await bytes();
      const unfinished = `${path}.${randomUUID()}.part`;
      try {
        await writeFile(unfinished, all, { flag: 'wx' });
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
    },
  };
}

/** Returns the problem of a name under which a browser saves an image. */
export const downloadNameProblems = (name: string | undefined): Problem[] =>
  name === undefined || (typeof name === 'string' && name !== '' && name.length <= MAX_NAME_LENGTH)
    ? []
    : [
        {
          path: 'options.downloadName',
          message: `must be the name of a file, of at most ${MAX_NAME_LENGTH} characters`,
          given: describeGiven(name),
        },
      ];

function readUrlOptions(given: UrlOptions, cdnUrl: string | undefined): UrlOptions {
  const problems = new ProblemList();
  const options = readOptions(given, { path: 'options', known: urlOptions, otherNames }, problems) ?? {};
  const { ttlSeconds, downloadName } = options;
  if (ttlSeconds !== undefined && !(Number.isSafeInteger(ttlSeconds) && ttlSeconds >= 1 && ttlSeconds <= MAX_URL_SECONDS)) {
    const message = `must be a whole number of seconds from 1 to ${MAX_URL_SECONDS}`;
    problems.push({ path: 'options.ttlSeconds', message, given: describeGiven(ttlSeconds) });
  }
  problems.push(...downloadNameProblems(downloadName));
  if (cdnUrl !== undefined) {
    for (const name of Object.keys(options)) {
      problems.push({ path: `options.${name}`, message: 'does not apply: with "cdnUrl" URLs are not signed, and the CDN decides' });
    }
  }
  if (problems.count > 0) throw new InvalidRequestError(problems);
  return options;
}
