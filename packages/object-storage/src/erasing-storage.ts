import { randomBytes } from 'node:crypto';
import {
  formatDimensions,
  outlineOfIntent,
  type Intent,
  type ListedRecord,
  type PresentIntent,
  type SubmissionRef,
} from '@darkroom/contracts';
import { createBucket, type BucketConfig } from './bucket.ts';
import { imagesOfGeneration, intentKey, quarantineKey, recordsPrefix, requestKey, stagingKey, stagingKeyOf } from './keys.ts';
import { createOwnerStore, type OwnerStore } from './owner-store.ts';
import { createRecordStore } from './record-store.ts';
import { createRequestStore, type RequestStore } from './request-store.ts';

/** The bucket as the eraser uses it, the one process that deletes. Every failure of S3 is a StorageError. */
export interface ErasingStorage extends Pick<OwnerStore, 'findOwner'>, Pick<RequestStore, 'findRequest'> {
  /** Proves with one small request that the bucket exists and may be listed. */
  checkAccess(): Promise<void>;
  /** Lists the records of one generation, without reading them. */
  listRecordsOf(generationId: string): Promise<ListedRecord[]>;
  findIntent(ref: SubmissionRef, round: number): Promise<Intent | undefined>;
  /** Writes a tombstone over the request of a generation, or in its place. It is never deleted. */
  writeTombstone(generationId: string, erasedAt: number): Promise<void>;
  /** Writes an intent of an earlier version anew, without its request. One of this version holds nothing personal, and is left. */
  eraseIntent(intent: Intent): Promise<void>;
  /** Deletes the images of a generation, and what the provider uploaded for its submissions. @returns the number of deleted images. */
  deleteImages(generationId: string, refs: readonly SubmissionRef[]): Promise<number>;
  /** Deletes uploads; a missing one is no error. */
  deleteUploads(taskUUIDs: readonly string[]): Promise<void>;
  /** Aborts requests under way and closes idle connections; may be called twice. */
  close(): void;
}

export function createErasingStorage(config: BucketConfig): ErasingStorage {
  const bucket = createBucket(config);
  const { findOwner } = createOwnerStore(bucket);
  const { listRecordsOf, findIntent } = createRecordStore(bucket);
  const { findRequest } = createRequestStore(bucket, randomSalt);
  return {
    findOwner,
    listRecordsOf,
    findIntent,
    findRequest,
    checkAccess: async () => {
      await bucket.list(recordsPrefix, { maxKeys: 1 });
    },
    writeTombstone: (generationId, erasedAt) =>
      bucket.overwrite(requestKey(generationId), jsonOf({ version: 1, generationId, erasedAt }), 'application/json'),
    async eraseIntent(intent) {
      if (intent.version !== 1) return;
      await bucket.overwrite(intentKey(intent, intent.round), jsonOf(withoutRequest(intent)), 'application/json');
    },
    async deleteImages(generationId, refs) {
      const images: string[] = [];
      for await (const { key } of bucket.listAll(imagesOfGeneration(generationId))) images.push(key);
      await bucket.delete([...images, ...refs.flatMap((ref) => [quarantineKey(ref), stagingKey(ref)])]);
      return images.length;
    },
    deleteUploads: (taskUUIDs) => bucket.delete(taskUUIDs.map(stagingKeyOf)),
    close: () => bucket.close(),
  };
}

const jsonOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const randomSalt = (): string => randomBytes(16).toString('hex');

/** Returns an intent in the present form. Its digest is random: it confirms no guess. */
function withoutRequest({ request, version, ...fields }: Extract<Intent, { version: 1 }>): PresentIntent {
  const { provider, model, expected, request: outline } = outlineOfIntent({ request, version, ...fields });
  return {
    version: 2,
    ...fields,
    provider,
    model,
    outputFormat: expected.outputFormat,
    dimensions: formatDimensions(expected.dimensions),
    outline,
    requestDigest: randomBytes(32).toString('hex'),
  };
}
