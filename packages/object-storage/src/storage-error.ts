import { StorageError, type Reached } from '@darkroom/contracts';

/** Why S3 did not do what was asked; in `details.reason` of the error. */
export type StorageFailure =
  | 'unreachable'
  | 'timeout'
  | 'no-credentials'
  | 'credentials-refused'
  | 'bucket-missing'
  | 'wrong-region'
  | 'throttled'
  | 'refused'
  | 'broken';

/**
 * What the SDK threw, as an error of ours. Its message holds no URL: a presigned one would give away its signature.
 * @param attempted In words, such as "read 'staging/1'".
 */
export function storageErrorOf(error: unknown, attempted: string, timedOutAfterMs?: number): StorageError {
  if (error instanceof StorageError) return error;
  const { httpStatus, s3Code, attempts } = featuresOf(error);
  const reason = timedOutAfterMs === undefined ? reasonOf(error) : 'timeout';
  const details = {
    reason,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(s3Code === undefined ? {} : { s3Code }),
    ...(attempts === undefined ? {} : { attempts }),
  };
  const why = timedOutAfterMs === undefined ? explain(reason, error) : `S3 did not answer within ${timedOutAfterMs} ms`;
  return new StorageError('storage.unavailable', `could not ${attempted}: ${why}`, { cause: error, details, reached: reachedOf(error) });
}

/** S3 said that an object, or the bucket's key, is not there. */
export const isMissing = (error: unknown): boolean => ['NoSuchKey', 'NotFound'].includes(nameOf(error));

/** `If-None-Match: *` found an object (Amazon S3 User Guide, "Conditional writes"). */
export const isPreconditionFailed = (error: unknown): boolean =>
  featuresOf(error).httpStatus === 412 || nameOf(error) === 'PreconditionFailed';

/** Another write of the key was under way; S3 asks for the request to be sent again (same page). */
export const isConditionalConflict = (error: unknown): boolean => nameOf(error) === 'ConditionalRequestConflict';

/** How many times the SDK sent the request; 1 if it does not say. */
export const attemptsOf = (error: unknown): number => featuresOf(error).attempts ?? 1;

const NOT_CONNECTED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

function reachedOf(error: unknown): Reached {
  const { httpStatus, systemCode, syscall, attempts = 1 } = featuresOf(error);
  if (httpStatus !== undefined) return 'yes';
  if (nameOf(error) === 'CredentialsProviderError') return 'no';
  // Only the last attempt is told: an earlier one may have arrived.
  const notConnected = systemCode !== undefined && NOT_CONNECTED.has(systemCode) && syscall !== 'read' && syscall !== 'write';
  return notConnected && attempts === 1 ? 'no' : 'maybe';
}

function reasonOf(error: unknown): StorageFailure {
  const name = nameOf(error);
  const { httpStatus } = featuresOf(error);
  if (name === 'CredentialsProviderError') return 'no-credentials';
  if (name === 'NoSuchBucket') return 'bucket-missing';
  if (httpStatus === undefined) return 'unreachable';
  if (httpStatus === 401 || httpStatus === 403) return 'credentials-refused';
  if (httpStatus === 301 || name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed') return 'wrong-region';
  if (httpStatus === 429 || name === 'SlowDown' || httpStatus === 503) return 'throttled';
  return httpStatus >= 500 ? 'broken' : 'refused';
}

function explain(reason: StorageFailure, error: unknown): string {
  const { httpStatus, systemCode } = featuresOf(error);
  const answered = `S3 answered ${httpStatus ?? ''} ${nameOf(error)}`;
  switch (reason) {
    case 'unreachable':
      return `S3 could not be reached or broke off (${systemCode ?? nameOf(error)})`;
    case 'timeout':
      return 'S3 did not answer in time';
    case 'no-credentials':
      return 'no AWS credentials were found';
    case 'credentials-refused':
      return `${answered}: key, secret or permissions are wrong; reading, writing and listing must be allowed`;
    case 'bucket-missing':
      return `${answered}: the bucket does not exist`;
    case 'wrong-region':
      return `${answered}: the bucket is in another region`;
    case 'throttled':
    case 'refused':
    case 'broken':
      return answered;
  }
}

/** What stands in for S3 may answer anything: a code is a word. */
const nameOf = (error: unknown): string => (error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'UnknownError');

interface ErrorFeatures {
  httpStatus?: number;
  s3Code?: string;
  attempts?: number;
  systemCode?: string;
  syscall?: string;
}

/** What the SDK adds to its errors ("$metadata"), and Node to its own. */
function featuresOf(error: unknown): ErrorFeatures {
  if (!(error instanceof Error)) return {};
  const metadata = '$metadata' in error && typeof error.$metadata === 'object' && error.$metadata !== null ? error.$metadata : {};
  const httpStatus = 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
  return {
    ...(httpStatus === undefined ? {} : { httpStatus, s3Code: nameOf(error) }),
    ...('attempts' in metadata && typeof metadata.attempts === 'number' ? { attempts: metadata.attempts } : {}),
    ...('code' in error && typeof error.code === 'string' ? { systemCode: error.code } : {}),
    ...('syscall' in error && typeof error.syscall === 'string' ? { syscall: error.syscall } : {}),
  };
}
