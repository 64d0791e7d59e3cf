import { LocalStackError } from '@darkroom/contracts';
import { createObjectStorage, requestsBy, type ObjectStorage } from '@darkroom/object-storage';
import { loadConfig, readSettings, s3RequestsSettings, s3Settings, type Environment, type S3Settings } from '@darkroom/service-runtime';
import { BUCKET, REGION } from '../data-folder/bucket.ts';
import { findPortOf } from '../data-folder/find-port.ts';
import { loadSecrets } from '../data-folder/secrets.ts';

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Opens the bucket of the environment, or else the one that a start runs in its data folder. Does not check whether it belongs to the
 * Redis at hand: `checkOwner` does.
 * @throws ConfigError for wrong settings; LocalStackError if there is no bucket.
 */
export function openBucket(environment: Environment, folder: string | undefined): ObjectStorage {
  const requests = loadConfig(s3RequestsSettings, { WORKER_S3_REQUESTS: environment['WORKER_S3_REQUESTS'] });
  return createObjectStorage(
    { ...findBucket(environment, folder), requestTimeoutMs: REQUEST_TIMEOUT_MS, maxImageBytes: 1 },
    // as the workers: a rebuild and a bill read an object for each purchase
    { now: Date.now, createRequests: requestsBy[requests] },
  );
}

/** Finds the bucket of the environment, or else the one that a start runs in its data folder. @throws as `openBucket` does. */
export function findBucket(environment: Environment, folder: string | undefined): S3Settings {
  const isSet = (name: string): boolean => (environment[name] ?? '').trim() !== '';
  if (folder === undefined || isSet('S3_ENDPOINT') || isSet('S3_BUCKET')) return readSettings({ s3: s3Settings }, environment).s3;
  const port = findPortOf(folder, 's3');
  if (port === undefined)
    throw new LocalStackError('cannot find the bucket of this start: set S3_BUCKET, and S3_ENDPOINT if it is not at AWS');
  return { bucket: BUCKET, region: REGION, endpoint: `http://127.0.0.1:${port}`, credentials: loadSecrets(folder).s3 };
}
