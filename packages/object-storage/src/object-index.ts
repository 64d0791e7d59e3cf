import type { SubmissionRef } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { imagesOfDate, imagesOfGeneration, parseImageKey, parseStagingKey, stagingKeyOf, stagingPrefix } from './keys.ts';

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
  listImagesOfDate(date: string): AsyncGenerator<ListedImage, void, undefined>;
  listImagesOf(generationId: string): Promise<ListedImage[]>;
  /** Everything under `staging/`, in the order of the task ids. */
  listUploads(): AsyncGenerator<ListedUpload, void, undefined>;
  /** Deletes uploads; one that is not there is no error. */
  deleteUploads(taskUUIDs: readonly string[]): Promise<void>;
}

export function createObjectIndex(bucket: Bucket): ObjectIndex {
  async function* listImages(prefix: string): AsyncGenerator<ListedImage, void, undefined> {
    for await (const { key, writtenAt } of bucket.listAll(prefix)) {
      const ref = parseImageKey(key);
      if (ref !== undefined) yield { ...ref, writtenAt };
    }
  }
  return {
    listImagesOfDate: (date) => listImages(imagesOfDate(date)),
    listImagesOf: async (generationId) => {
      const images: ListedImage[] = [];
      for await (const image of listImages(imagesOfGeneration(generationId))) images.push(image);
      return images;
    },
    listUploads: async function* () {
      for await (const { key, writtenAt } of bucket.listAll(stagingPrefix)) {
        const taskUUID = parseStagingKey(key);
        if (taskUUID !== undefined) yield { taskUUID, writtenAt };
      }
    },
    deleteUploads: (taskUUIDs) => bucket.delete(taskUUIDs.map(stagingKeyOf)),
  };
}
