import type { SubmissionRef } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { writeCheckKey } from './check-writes.ts';
import { endOfGeneration, imagesOfDate, imagesOfGeneration, parseImageKey, parseStagingKey, stagingKeyOf, stagingPrefix } from './keys.ts';
import type { ListingOptions } from './record-store.ts';

/** An image under its final key, as a listing shows it. */
export interface ListedImage extends SubmissionRef {
  /** When it was written, in milliseconds since 1970, by the clock of S3. */
  writtenAt: number;
}

/** An upload, as a listing shows it. */
export interface ListedUpload {
  taskUUID: string;
  /** When it was written last, in milliseconds since 1970, by the clock of S3. */
  writtenAt: number;
}

/** What lies in the bucket beside the records; reads none of it. All throw StorageError. */
export interface ObjectIndex {
  /** The images of the generations of one day ("2026-11-22", UTC), generation by generation. */
  listImagesOfDate(date: string, options?: ListingOptions): AsyncGenerator<ListedImage, void, undefined>;
  listImagesOf(generationId: string): Promise<ListedImage[]>;
  /** Everything under `staging/`, in the order of the task ids. @param options `after` is a task id. */
  listUploads(options?: ListingOptions): AsyncGenerator<ListedUpload, void, undefined>;
  /** Deletes uploads; one that is not there is no error. */
  deleteUploads(taskUUIDs: readonly string[]): Promise<void>;
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
    listUploads: async function* ({ after, onForeign } = {}) {
      for await (const { key, writtenAt } of bucket.listAll(stagingPrefix, after === undefined ? undefined : stagingKeyOf(after))) {
        const taskUUID = parseStagingKey(key);
        if (taskUUID !== undefined) yield { taskUUID, writtenAt };
        else if (key !== writeCheckKey('staging')) onForeign?.(key);
      }
    },
    deleteUploads: (taskUUIDs) => bucket.delete(taskUUIDs.map(stagingKeyOf)),
  };
}
