import { randomBytes } from 'node:crypto';
import {
  defined,
  tenantFolder,
  formatDimensions,
  outlineOfIntent,
  type Intent,
  type ListedRecord,
  type PresentIntent,
  type SubmissionRef,
} from '@darkroom/contracts';
import { createBucket, type BucketConfig } from './bucket.ts';
import { imagesOfGeneration, inputsOf, intentKey, quarantineKey, recordsPrefix, requestKey, stagingKey, stagingKeyOf } from './keys.ts';
import { createOwnerStore, type OwnerStore } from './owner-store.ts';
import { createRecordStore, type RecordStore } from './record-store.ts';
import { createRequestStore, type RequestStore } from './request-store.ts';
import { createStoredGenerations, type StoredGenerations } from './stored-generations.ts';

/** The bucket as the eraser uses it, the one process that deletes. Every failure of S3 is a StorageError. */
export interface ErasingStorage
  extends
    Pick<OwnerStore, 'findOwner' | 'findFormat'>,
    Pick<RequestStore, 'findRequest'>,
    Pick<RecordStore, 'salvageIntent'>,
    StoredGenerations {
  /** Proves with one small request that the bucket exists and may be listed. */
  checkAccess(): Promise<void>;
  /** Lists the records of one generation, without reading them. */
  listRecordsOf(generationId: string): Promise<ListedRecord[]>;
  findIntent(ref: SubmissionRef, round: number): Promise<Intent | undefined>;
  /** Writes a tombstone over the request of a generation, or in its place. It is never deleted. @param keepsImages The images may stay. */
  writeTombstone(generationId: string, erasedAt: number, keepsImages?: boolean): Promise<void>;
  /** Writes an intent of an earlier version anew, without its request. One of this version holds nothing personal, and is left. */
  eraseIntent(intent: Intent): Promise<void>;
  /** Deletes the images of a generation, and what the provider uploaded for its submissions. @returns the number of deleted images. */
  deleteImages(generationId: string, refs: readonly SubmissionRef[]): Promise<number>;
  /**
   * Deletes a page of the reference images of a tenant that were uploaded up to a time, by the clock of S3.
   * @param after Key of the last one that was looked at. @returns that of this page; undefined after the last one.
   */
  deleteInputs(tenant: string, until: number, after?: string): Promise<string | undefined>;
  /** Deletes uploads; a missing one is no error. */
  deleteUploads(taskUUIDs: readonly string[]): Promise<void>;
  /** Aborts requests under way and closes idle connections; may be called twice. */
  close(): void;
}

export function createErasingStorage(config: BucketConfig): ErasingStorage {
  const bucket = createBucket(config);
  const { findOwner, findFormat } = createOwnerStore(bucket);
  const { listRecordsOf, findIntent, salvageIntent } = createRecordStore(bucket);
  const { findRequest } = createRequestStore(bucket, randomSalt);
  return {
    findOwner,
    findFormat,
    listRecordsOf,
    findIntent,
    salvageIntent,
    findRequest,
    ...createStoredGenerations(bucket),
    checkAccess: async () => {
      await bucket.list(recordsPrefix, { maxKeys: 1 });
    },
    writeTombstone: (generationId, erasedAt, keepsImages = false) =>
      bucket.overwrite(
        requestKey(generationId),
        jsonOf({ version: 1, generationId, erasedAt, ...(keepsImages && { keepsImages }) }),
        'application/json',
      ),
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
    async deleteInputs(tenant, until, startAfter) {
      const { objects, continuationToken } = await bucket.list(inputsOf(tenantFolder(tenant)), defined({ startAfter }));
      await bucket.delete(objects.filter(({ writtenAt }) => writtenAt <= until).map(({ key }) => key));
      return continuationToken === undefined ? undefined : objects.at(-1)?.key;
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
