import { createGenerationId, taskUuidOf, type PresentIntent, type SubmissionRef, type SubmissionResult } from '@darkroom/contracts';
import { startTestS3, type TestS3 } from '@darkroom/testing';
import {
  createObjectStorage,
  requestsBy,
  type ObjectStorage,
  type ObjectStorageConfig,
  type ObjectStorageDependencies,
} from '../src/index.ts';

export const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

export const refOf = (now = NOW, index = 0, n = 1): SubmissionRef => ({ generationId: createGenerationId(now), index, n });

export const intentOf = (ref: SubmissionRef, more: Partial<PresentIntent> = {}): PresentIntent => ({
  version: 2,
  ...ref,
  taskUUID: taskUuidOf(ref),
  round: 0,
  firstSentAt: NOW,
  tenant: 'default',
  images: 1,
  createdAt: NOW - 1000,
  reservation: { amountNanoUsd: 20_000_000, periods: ['day:2026-11-22'] },
  provider: 'runware',
  model: 'xai:grok-imagine@image',
  outputFormat: 'JPG',
  dimensions: '1024x1024',
  outline: { model: 'xai:grok-imagine@image', numberResults: 1, outputFormat: 'JPG' },
  requestDigest: 'a'.repeat(64),
  ...more,
});

export const resultOf = (ref: SubmissionRef, more: Partial<SubmissionResult> = {}): SubmissionResult => ({
  version: 1,
  ...ref,
  taskUUID: taskUuidOf(ref),
  status: 'failed',
  settledAt: NOW,
  costSource: 'none',
  fault: { code: 'provider.task-failed', message: 'the provider failed the task' },
  reservation: { amountNanoUsd: 20_000_000, periods: ['day:2026-11-22'] },
  ...more,
});

/** Both ways to send the requests of an image, which must behave alike. */
export const ways = [
  ['signed', requestsBy.signed],
  ['sdk', requestsBy.sdk],
] as const;

export interface World extends AsyncDisposable {
  s3: TestS3;
  storage: ObjectStorage;
  /** Another storage on the same bucket, closed with the world. */
  storageWith(config: Partial<ObjectStorageConfig>, now?: () => number): ObjectStorage;
}

/** @param createRequests Those of a worker when absent. */
export async function setup(
  config: Partial<ObjectStorageConfig> = {},
  createRequests: ObjectStorageDependencies['createRequests'] = requestsBy.signed,
): Promise<World> {
  const s3 = await startTestS3();
  const opened: ObjectStorage[] = [];
  const storageWith: World['storageWith'] = (more, now = Date.now) => {
    const { bucket, region, endpoint, credentials } = s3;
    const storage = createObjectStorage(
      { bucket, region, endpoint, credentials, requestTimeoutMs: 10_000, maxImageBytes: 1024 * 1024, ...more },
      { now, createRequests },
    );
    opened.push(storage);
    return storage;
  };
  return {
    s3,
    storage: storageWith(config),
    storageWith,
    [Symbol.asyncDispose]: async () => {
      for (const storage of opened) storage.close();
      await s3.stop();
    },
  };
}

/** Uploads as Runware does: a bare PUT to a presigned URL. */
export const upload = (url: string, bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'PUT', body: bytes, headers });
