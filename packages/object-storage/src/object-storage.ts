import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { StorageError, type ExpectedImage, type OutputFormat, type SubmissionRef, type VerifiedImage } from '@darkroom/contracts';
import { createApiKeyStore, type ApiKeyStore } from './api-key-store.ts';
import { createBucket, type BoundedRead, type BucketConfig } from './bucket.ts';
import { checkWrites, type WrittenFolder } from './check-writes.ts';
import { createInputStore, type InputStore } from './input-store.ts';
import { imageKey, quarantineKey, recordsPrefix, stagingKey } from './keys.ts';
import { createObjectIndex, type ObjectIndex } from './object-index.ts';
import { createOwnerStore, type OwnerStore } from './owner-store.ts';
import { presignGet, presignPut, type PresignReadOptions } from './presign.ts';
import { createRecordStore, type RecordStore } from './record-store.ts';
import { createRequestStore, type RequestStore } from './request-store.ts';
import type { CreateRequests } from './requests/object-requests.ts';
import { createSettingsStore, type SettingsStore } from './settings-store.ts';
import { createSumsStore, type SumsStore } from './sums-store.ts';
import { isImage, verifiedImageOf, verifyImage } from './verify-image.ts';

export interface ObjectStorageConfig extends BucketConfig {
  /** Largest image that is read, in bytes. */
  maxImageBytes: number;
}

/**
 * The bucket as Darkroom uses it: uploads arrive under `staging/`, verified images stay under `images/`, records of purchases under
 * `records/`, requests under `requests/` and changes of the store's settings under `settings/`. Every failure of S3 is a StorageError.
 */
export interface ObjectStorage
  extends RecordStore, RequestStore, SettingsStore, ApiKeyStore, InputStore, ObjectIndex, OwnerStore, SumsStore {
  /**
   * Presigns a URL for one bare PUT to the submission's staging key. The URL can be used again until it expires, so an upload itself is
   * never served.
   * @param expiresInSeconds 1 to 604,800 (seven days). Throws RangeError otherwise.
   */
  presignUpload(ref: SubmissionRef, expiresInSeconds: number): Promise<string>;
  /** Presigns a URL for reading an object; the same range as for `presignUpload`. */
  presignRead(key: string, expiresInSeconds: number, options?: PresignReadOptions): Promise<string>;
  /** Reads the upload so far, in one GET: these bytes are verified afterwards, not a later upload's. */
  readStaging(ref: SubmissionRef): Promise<BoundedRead>;
  /** Reads the image under its final key. */
  readImage(ref: SubmissionRef, format: OutputFormat): Promise<BoundedRead>;
  /**
   * Reads the bytes of a verified image and verifies their SHA-256 again; undefined if it is gone. Throws StorageError
   * "storage.damaged-image" if they differ.
   */
  readVerified(image: Pick<VerifiedImage, 'key' | 'sizeBytes' | 'sha256'>): Promise<Uint8Array | undefined>;
  /** Decides if bytes are the ordered image, and returns the key where they belong. Pure: sends no request. */
  verify(ref: SubmissionRef, expected: ExpectedImage, bytes: Uint8Array): OrderedImageVerdict;
  /**
   * Writes verified bytes to their final key, once (I5). `already-there` says nothing about the existing bytes: a caller that uses
   * them must read them.
   */
  keepImage(
    ref: SubmissionRef,
    image: Pick<VerifiedImage, 'format' | 'contentType'> & Partial<Pick<VerifiedImage, 'sha256'>>,
    bytes: Uint8Array,
  ): Promise<'kept' | 'already-there'>;
  /** Keeps bytes that could not be verified, the first ones of a submission. Returns their key. */
  quarantine(ref: SubmissionRef, bytes: Uint8Array): Promise<string>;
  /**
   * Proves with one small request that the bucket exists and may be listed; without that right S3 calls a missing object forbidden.
   * Throws StorageError with `details.reason`, such as "bucket-missing" or "credentials-refused".
   */
  checkAccess(): Promise<void>;
  /**
   * Proves that a folder may be written to, and that the server keeps to the condition of a PUT that never replaces. Throws StorageError
   * "storage.unsuitable" for a server that does not.
   */
  checkWrites(folder: WrittenFolder): Promise<void>;
  /**
   * Returns the end of the credentials in use, in milliseconds since 1970; undefined for permanent ones. A presigned URL is valid no longer
   * than the credentials that signed it (Amazon S3 user guide, "Expiration time for presigned URLs").
   */
  credentialsExpireAt(): Promise<number | undefined>;
  /** Aborts requests under way and closes idle connections; may be called twice. */
  close(): void;
}

export type OrderedImageVerdict =
  | { kind: 'valid'; image: VerifiedImage }
  | {
      kind: 'invalid';
      /** In words; safe to log. */ reason: string;
      /** True if they begin like an image, perhaps of another format or size. */ isImage: boolean;
    };

export interface ObjectStorageDependencies {
  /** Milliseconds since 1970; presigned URLs count from it. */
  now: () => number;
  /** Returns a text that no other call returns. Random by default. */
  createId?: () => string;
  /** Makes the requests of each image: `requestsBy.signed` costs less processor time than the AWS SDK, which is the default. */
  createRequests?: CreateRequests;
}

export function createObjectStorage(
  config: ObjectStorageConfig,
  { now, createId = randomUUID, createRequests }: ObjectStorageDependencies,
): ObjectStorage {
  const bucket = createBucket(config, createRequests);
  return {
    ...createRecordStore(bucket),
    ...createRequestStore(bucket, () => randomBytes(16).toString('hex')),
    ...createSettingsStore(bucket),
    ...createApiKeyStore(bucket),
    ...createInputStore(bucket, now),
    ...createObjectIndex(bucket),
    ...createOwnerStore(bucket),
    ...createSumsStore(bucket),
    presignUpload: (ref, expiresInSeconds) => presignPut(bucket, stagingKey(ref), expiresInSeconds, now()),
    presignRead: (key, expiresInSeconds, options = {}) => presignGet(bucket, key, expiresInSeconds, now(), options),
    readStaging: (ref) => bucket.read(stagingKey(ref), config.maxImageBytes),
    readImage: (ref, format) => bucket.read(imageKey(ref, format), config.maxImageBytes),
    readVerified: async ({ key, sizeBytes, sha256 }) => {
      const read = await bucket.read(key, sizeBytes);
      if (read.kind === 'missing') return undefined;
      if (read.kind === 'found' && createHash('sha256').update(read.bytes).digest('hex') === sha256) return read.bytes;
      throw new StorageError('storage.damaged-image', `could not read the image '${key}': it has other bytes than the worker verified`, {
        reached: 'yes',
        details: { key },
      });
    },
    verify: (ref, { outputFormat: format, dimensions }, bytes) => {
      const expectation = { format, dimensions, maxSizeBytes: config.maxImageBytes };
      const verdict = verifyImage(bytes, expectation);
      if (verdict.kind === 'valid') return { kind: 'valid', image: verifiedImageOf(ref, verdict) };
      return { kind: 'invalid', reason: `${verdict.reason}: ${verdict.detail}`, isImage: isImage(verdict.reason) };
    },
    keepImage: async (ref, { format, contentType, sha256 }, bytes) => {
      const { kind } = await bucket.writeOnce(imageKey(ref, format), bytes, contentType, sha256);
      return kind === 'written' ? 'kept' : 'already-there';
    },
    quarantine: async (ref, bytes) => {
      const key = quarantineKey(ref);
      // Never a type that a browser would run: these bytes are of unknown kind.
      await bucket.writeOnce(key, bytes, 'application/octet-stream');
      return key;
    },
    checkAccess: async () => {
      await bucket.list(recordsPrefix, { maxKeys: 1 });
    },
    checkWrites: (folder) => checkWrites(bucket, folder, createId),
    credentialsExpireAt: async () => (await bucket.presigner.config.credentials()).expiration?.getTime(),
    close: () => bucket.close(),
  };
}
