import { defined, StorageError, type Reached } from '@darkroom/contracts';

/** Reason of a failure of S3; in `details.reason` of the error. */
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
 * Turns an error of the SDK into a StorageError. Its message holds no URL: a presigned one would reveal its signature.
 * @param attempted The action in words, such as "read 'staging/1'".
 */
export function storageErrorOf(error: unknown, attempted: string, timedOutAfterMs?: number): StorageError {
  if (error instanceof StorageError) return error;
  const { httpStatus, s3Code, attempts } = featuresOf(error);
  const reason = timedOutAfterMs === undefined ? reasonOf(error) : 'timeout';
  const details = defined({ reason, httpStatus, s3Code, attempts });
  const why = timedOutAfterMs === undefined ? explain(reason, error) : `S3 did not answer within ${timedOutAfterMs} ms`;
  return new StorageError('storage.unavailable', `could not ${attempted}: ${why}`, { cause: error, details, reached: reachedOf(error) });
}

/** Returns true if S3 reported a missing object. */
export const isMissing = (error: unknown): boolean => ['NoSuchKey', 'NotFound'].includes(nameOf(error));

/** Returns true if `If-None-Match: *` found an object (Amazon S3 User Guide, "Conditional writes"). */
export const isPreconditionFailed = (error: unknown): boolean =>
  featuresOf(error).httpStatus === 412 || nameOf(error) === 'PreconditionFailed';

/** Returns true if another write of the key was under way; S3 asks to send the request again (same page). */
export const isConditionalConflict = (error: unknown): boolean => nameOf(error) === 'ConditionalRequestConflict';

/** Returns how often the SDK sent the request; 1 if unknown. */
export const attemptsOf = (error: unknown): number => featuresOf(error).attempts ?? 1;

const NOT_CONNECTED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

function reachedOf(error: unknown): Reached {
  const { httpStatus, systemCode, syscall, attempts = 1 } = featuresOf(error);
  if (httpStatus !== undefined) return 'yes';
  if (nameOf(error) === 'CredentialsProviderError') return 'no';
  // The error describes only the last attempt: an earlier one may have arrived.
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
      return `S3 could not be reached or closed the connection (${systemCode ?? nameOf(error)})`;
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

/** Returns the name of an error. A stand-in for S3 may answer anything, so a name is one word. */
const nameOf = (error: unknown): string => (error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'UnknownError');

interface ErrorFeatures {
  httpStatus?: number;
  s3Code?: string;
  attempts?: number;
  systemCode?: string;
  syscall?: string;
}

/** Reads the properties that the SDK ("$metadata") and Node add to their errors. */
function featuresOf(error: unknown): ErrorFeatures {
  if (!(error instanceof Error)) return {};
  const metadata = fieldOf(error, '$metadata', 'object') ?? {};
  const httpStatus = fieldOf(metadata, 'httpStatusCode', 'number');
  return defined({
    httpStatus,
    s3Code: httpStatus === undefined ? undefined : nameOf(error),
    attempts: fieldOf(metadata, 'attempts', 'number'),
    systemCode: fieldOf(error, 'code', 'string'),
    syscall: fieldOf(error, 'syscall', 'string'),
  });
}

interface Types {
  number: number;
  string: string;
  object: object | null;
}

/** Returns a field of an object if it has this type. */
function fieldOf<Type extends keyof Types>(from: object, name: string, type: Type): Types[Type] | undefined {
  const value: unknown = Reflect.get(from, name);
  return typeof value === type ? (value as Types[Type]) : undefined; // its type was compared
}
