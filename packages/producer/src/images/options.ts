import {
  BUCKET_RULE,
  findAddressProblem,
  findBucketProblem,
  findRegionProblem,
  readOptions,
  REGION_RULE,
  SERVER_ADDRESS_RULE,
  type Problem,
  type ProblemList,
} from '@darkroom/contracts';
import type { BucketConfig } from '@darkroom/object-storage';

export interface ImagesOptions {
  /** The bucket that the workers keep images in. */
  bucket: string;
  /** Defaults to "us-east-1". */
  region?: string;
  /** For a server that is not AWS: "http(s)://…". Whoever opens a presigned URL must reach it. */
  endpoint?: string;
  /** The address of that server in URLs of images, if their readers reach it by another one. */
  publicEndpoint?: string;
  /** Left out: the default chain of AWS. Temporary credentials end presigned URLs early. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** How long one request to S3 may take, in milliseconds. Defaults to 10,000. */
  requestTimeoutMs?: number;
  /** The largest reference image that is put into the bucket, in bytes. Defaults to 20 MiB: the model's page names no bound. */
  maxReferenceImageBytes?: number;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

const imagesOptions = [
  'bucket',
  'region',
  'endpoint',
  'publicEndpoint',
  'credentials',
  'requestTimeoutMs',
  'maxReferenceImageBytes',
  'now',
] as const satisfies readonly (keyof ImagesOptions)[];

/**
 * Reads the options once, those of the credentials included, and adds the names that are none; values are not repeated. Names that the
 * SDK of AWS gives to credentials, such as `$source`, are taken.
 */
export function readImagesOptions(given: ImagesOptions, problems: ProblemList): ImagesOptions | undefined {
  const options = readOptions(given, { path: '', known: imagesOptions, otherNames: { url: 'endpoint' } }, problems);
  if (options?.credentials === undefined) return options;
  const known = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'expiration', 'accountId', 'credentialScope', '$source'];
  const credentials = readOptions(options.credentials, { path: 'credentials', known }, problems);
  return credentials && { ...options, credentials };
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_REFERENCE_IMAGE_BYTES = 20 * 1024 * 1024;

export interface ImagesConfig {
  storage: BucketConfig;
  maxReferenceImageBytes: number;
  now: () => number;
}

/** Fills in what was left out. */
export const resolveImagesOptions = ({
  bucket,
  region = 'us-east-1',
  endpoint,
  publicEndpoint,
  credentials,
  ...rest
}: ImagesOptions): ImagesConfig => ({
  storage: {
    bucket,
    region,
    requestTimeoutMs: rest.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  },
  maxReferenceImageBytes: rest.maxReferenceImageBytes ?? DEFAULT_MAX_REFERENCE_IMAGE_BYTES,
  now: rest.now ?? Date.now,
});

/** What is wrong with the settings. Credentials are not repeated. */
export function imagesProblems({ storage, maxReferenceImageBytes }: ImagesConfig): Problem[] {
  const { bucket, region, endpoint, publicEndpoint, credentials, requestTimeoutMs } = storage;
  return [
    ...formProblems('bucket', bucket, BUCKET_RULE, findBucketProblem),
    ...formProblems('region', region, REGION_RULE, findRegionProblem),
    ...formProblems('endpoint', endpoint, SERVER_ADDRESS_RULE, findServerAddressProblem),
    ...formProblems('publicEndpoint', publicEndpoint, SERVER_ADDRESS_RULE, findServerAddressProblem),
    ...(credentials !== undefined && (credentials.accessKeyId === '' || credentials.secretAccessKey === '')
      ? [{ path: 'credentials', message: 'must hold accessKeyId and secretAccessKey, or be left out' }]
      : []),
    ...atLeastOne('requestTimeoutMs', requestTimeoutMs),
    ...atLeastOne('maxReferenceImageBytes', maxReferenceImageBytes),
  ];
}

const findServerAddressProblem = (address: string): string | undefined => findAddressProblem(address, { isServer: true });

/** Callers without types may give anything. The value is not repeated: an address may hold a password. */
function formProblems(path: string, value: unknown, rule: string, findProblem: (text: string) => string | undefined): Problem[] {
  if (value === undefined) return [];
  const problem = typeof value === 'string' && value !== '' ? findProblem(value) : 'is no text';
  return problem === undefined ? [] : [{ path, message: `${problem}, and must be ${rule}` }];
}

const atLeastOne = (path: string, value: number): Problem[] =>
  Number.isSafeInteger(value) && value >= 1 ? [] : [{ path, message: 'must be a whole number and at least 1', given: String(value) }];
