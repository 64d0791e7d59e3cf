import type { SubmissionRef } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { writeCheckKey } from './check-writes.ts';
import {
  endOfGeneration,
  imagesOfDate,
  imagesOfGeneration,
  parseImageKey,
  parseRequestKey,
  parseStagingKey,
  requestKey,
  requestsOfDate,
  stagingKeyOf,
  stagingPrefix,
} from './keys.ts';
import type { ListingOptions } from './record-store.ts';

/** An image under its final key, in a listing. */
export interface ListedImage extends SubmissionRef {
  /** Time of its write by the clock of S3, in milliseconds since 1970. */
  writtenAt: number;
}

/** An upload in a listing. */
export interface ListedUpload {
  taskUUID: string;
  /** Time of its last write by the clock of S3, in milliseconds since 1970. */
  writtenAt: number;
}

/** A request, or the tombstone in its place, in a listing. */
export interface ListedRequest {
  generationId: string;
  standing: Standing;
  /** Time of its write by the clock of S3, in milliseconds since 1970. */
  writtenAt: number;
}

/** A tombstone has fewer bytes than this, and a request more: it holds a salt, a provider and a model. */
const MAX_TOMBSTONE_BYTES = 128;
/** A tombstone has 92 bytes, and 111 if the images of its generation may stay. */
const MAX_WHOLE_TOMBSTONE_BYTES = 100;

/** Object in the place of a request. `tombstone-keeps-images`: the request went by its age, and the images may stay longer. */
export type Standing = 'kept' | 'tombstone' | 'tombstone-keeps-images';

/** Returns what lies in place of a request, by its size. */
const standingOf = (sizeBytes: number): Standing =>
  sizeBytes >= MAX_TOMBSTONE_BYTES ? 'kept' : sizeBytes > MAX_WHOLE_TOMBSTONE_BYTES ? 'tombstone-keeps-images' : 'tombstone';

/** Lists the objects of the bucket other than records, without reading them. All throw StorageError. */
export interface ObjectIndex {
  /** Lists the images of the generations of one day ("2026-11-22", UTC), generation by generation. */
  listImagesOfDate(date: string, options?: ListingOptions): AsyncGenerator<ListedImage, void, undefined>;
  listImagesOf(generationId: string): Promise<ListedImage[]>;
  /** Lists requests and tombstones of the generations of one day, which their size tells apart: no request is as short. */
  listRequestsOfDate(date: string, options?: ListingOptions): AsyncGenerator<ListedRequest, void, undefined>;
  /** Lists everything under `staging/`, in the order of the task ids. @param options `after` is a task id. */
  listUploads(options?: ListingOptions): AsyncGenerator<ListedUpload, void, undefined>;
}

export function createObjectIndex(bucket: Bucket): ObjectIndex {
  async function* listImages(prefix: string, { after, onForeign }: ListingOptions = {}): AsyncGenerator<ListedImage, void, undefined> {
    const startAfter = after === undefined ? undefined : endOfGeneration(`${prefix}${after}/`);
    for await (const { key, writtenAt } of bucket.listAll(prefix, startAfter)) {
      const ref = parseImageKey(key);
      if (ref !== undefined) yield { ...ref, writtenAt };
      else onForeign?.(key);
    }
  }
  return {
    listImagesOfDate: (date, options) => listImages(imagesOfDate(date), options),
    listImagesOf: async (generationId) => {
      const images: ListedImage[] = [];
      for await (const image of listImages(imagesOfGeneration(generationId))) images.push(image);
      return images;
    },
    listRequestsOfDate: async function* (date, { after, onForeign } = {}) {
      for await (const { key, sizeBytes, writtenAt } of bucket.listAll(requestsOfDate(date), after && requestKey(after))) {
        const generationId = parseRequestKey(key);
        if (generationId === undefined) onForeign?.(key);
        else yield { generationId, standing: standingOf(sizeBytes), writtenAt };
      }
    },
    listUploads: async function* ({ after, onForeign } = {}) {
      for await (const { key, writtenAt } of bucket.listAll(stagingPrefix, after === undefined ? undefined : stagingKeyOf(after))) {
        const taskUUID = parseStagingKey(key);
        if (taskUUID !== undefined) yield { taskUUID, writtenAt };
        else if (key !== writeCheckKey('staging')) onForeign?.(key);
      }
    },
  };
}
