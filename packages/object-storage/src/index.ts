export type { BoundedRead, BucketConfig } from './bucket.ts';
export type { BucketKeeping } from './bucket-keeping.ts';
export { examineBucket } from './examine-bucket.ts';
export { createErasingStorage, type ErasingStorage } from './erasing-storage.ts';
export type { InputStore, KeepInputResult } from './input-store.ts';
export { imageKey, intentKey, quarantineKey, requestKey, resultKey, stagingKey } from './keys.ts';
export type { ListedImage, ListedRequest, ListedUpload, ObjectIndex } from './object-index.ts';
export {
  createObjectStorage,
  type ObjectStorage,
  type ObjectStorageConfig,
  type ObjectStorageDependencies,
  type OrderedImageVerdict,
} from './object-storage.ts';
export { requestsBy } from './requests/requests-by.ts';
export { MAX_PRESIGN_SECONDS, type PresignReadOptions } from './presign.ts';
export type { ListingOptions, RecordedIntent, RecordedResult, RecordStore, SalvagedIntent } from './record-store.ts';
export type { FoundRequest, RecordedRequest, RequestStore } from './request-store.ts';
export type { ListedSetting, SettingsStore } from './settings-store.ts';
export type { ListedSums, SumsStore } from './sums-store.ts';
export type { StoredGenerationName } from './stored-generations.ts';
export type { StorageFailure } from './storage-error.ts';
export { verifyImage, type ImageExpectation, type ImageVerdict, type InvalidImageReason, type ValidImage } from './verify-image.ts';
export { writtenFolders, type WrittenFolder } from './check-writes.ts';
