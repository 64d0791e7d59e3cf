import { createBucket, type BucketConfig } from './bucket.ts';
import { recordsPrefix, stagingKeyOf } from './keys.ts';
import { createOwnerStore, type OwnerStore } from './owner-store.ts';

/** The bucket as the eraser uses it, the one process that deletes. Every failure of S3 is a StorageError. */
export interface ErasingStorage extends Pick<OwnerStore, 'findOwner'> {
  /** Proves with one small request that the bucket exists and may be listed. */
  checkAccess(): Promise<void>;
  /** Deletes uploads; a missing one is no error. */
  deleteUploads(taskUUIDs: readonly string[]): Promise<void>;
  /** Aborts requests under way and closes idle connections; may be called twice. */
  close(): void;
}

export function createErasingStorage(config: BucketConfig): ErasingStorage {
  const bucket = createBucket(config);
  const { findOwner } = createOwnerStore(bucket);
  return {
    findOwner,
    checkAccess: async () => {
      await bucket.list(recordsPrefix, { maxKeys: 1 });
    },
    deleteUploads: (taskUUIDs) => bucket.delete(taskUUIDs.map(stagingKeyOf)),
    close: () => bucket.close(),
  };
}
