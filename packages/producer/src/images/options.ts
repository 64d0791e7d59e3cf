import {
  BUCKET_RULE,
  defined,
  findAddressProblem,
  findBucketProblem,
  findRegionProblem,
  readOptions,
  REGION_RULE,
  SERVER_ADDRESS_RULE,
  WEB_ADDRESS_RULE,
  type Problem,
  type ProblemList,
} from '@darkroom/contracts';
import type { BucketConfig } from '@darkroom/object-storage';
import { show, tenantProblems } from '../tenant-problems.ts';

export interface ImagesOptions {
  /** The bucket in which the workers keep images. */
  bucket: string;
  /** Defaults to "us-east-1". */
  region?: string;
  /** For a server other than AWS: "http(s)://…". Readers of a presigned URL must be able to reach it. */
  endpoint?: string;
  /** Address of that server in URLs of images, if readers reach it by another address. */
  publicEndpoint?: string;
  /**
   * Address of a CDN in front of the bucket, "http(s)://…", to which `image().url()` appends the key. Such URLs are not signed and do not
   * end: the CDN must be allowed to read `images/`, and decides who may read it. Default: presigned URLs of the bucket.
   */
  cdnUrl?: string;
  /** Default: the credential chain of AWS. Temporary credentials end presigned URLs early. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** Longest duration of one request to S3, in milliseconds. Defaults to 10,000. */
  requestTimeoutMs?: number;
  /** Tenant of the reference images that it puts, as for `createProducer`. Without it, "default" or the tenant that a call names. */
  tenant?: string;
  /** Largest accepted reference image, in bytes. Defaults to 20 MiB: the model's page names no limit. */
  maxReferenceImageBytes?: number;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

const imagesOptions = [
  'bucket',
  'region',
  'endpoint',
  'publicEndpoint',
  'cdnUrl',
  'credentials',
  'requestTimeoutMs',
  'tenant',
  'maxReferenceImageBytes',
  'now',
] as const satisfies readonly (keyof ImagesOptions)[];

/**
 * Reads the options once, those of the credentials included, and appends a problem for each unknown name; values are not repeated.
 * Accepts the names that the AWS SDK gives to credentials, such as `$source`.
 */
export function readImagesOptions(given: ImagesOptions, problems: ProblemList): ImagesOptions | undefined {
  const options = readOptions(
    given,
    { path: '', known: imagesOptions, otherNames: { url: 'endpoint', cdn: 'cdnUrl', cdnbase: 'cdnUrl' } },
    problems,
  );
  if (options?.credentials === undefined) return options;
  const known = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'expiration', 'accountId', 'credentialScope', '$source'];
  const credentials = readOptions(options.credentials, { path: 'credentials', known }, problems);
  return credentials && { ...options, credentials };
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_REFERENCE_IMAGE_BYTES = 20 * 1024 * 1024;

export interface ImagesConfig {
  storage: BucketConfig;
  cdnUrl: string | undefined;
  boundTo: string | undefined;
  maxReferenceImageBytes: number;
  now: () => number;
}

/** Fills in the defaults. */
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
    ...defined({ endpoint, publicEndpoint, credentials }),
  },
  cdnUrl: rest.cdnUrl,
  boundTo: rest.tenant,
  maxReferenceImageBytes: rest.maxReferenceImageBytes ?? DEFAULT_MAX_REFERENCE_IMAGE_BYTES,
  now: rest.now ?? Date.now,
});

/** Returns the problems of the settings. Credentials are not repeated. */
export function imagesProblems({ storage, cdnUrl, boundTo, maxReferenceImageBytes }: ImagesConfig): Problem[] {
  const { bucket, region, endpoint, publicEndpoint, credentials, requestTimeoutMs } = storage;
  return [
    // a caller without types may leave it out
    ...((bucket as unknown) === undefined
      ? [{ path: 'bucket', message: 'is missing: the bucket in which the workers keep images' }]
      : formProblems('bucket', bucket, BUCKET_RULE, findBucketProblem)),
    ...formProblems('region', region, REGION_RULE, findRegionProblem),
    ...formProblems('endpoint', endpoint, SERVER_ADDRESS_RULE, findServerAddressProblem),
    ...formProblems('publicEndpoint', publicEndpoint, SERVER_ADDRESS_RULE, findServerAddressProblem),
    ...formProblems('cdnUrl', cdnUrl, WEB_ADDRESS_RULE, findAddressProblem),
    ...(credentials !== undefined && (credentials.accessKeyId === '' || credentials.secretAccessKey === '')
      ? [{ path: 'credentials', message: 'must hold accessKeyId and secretAccessKey, or be left out' }]
      : []),
    ...tenantProblems('tenant', boundTo),
    ...atLeastOne('requestTimeoutMs', requestTimeoutMs),
    ...atLeastOne('maxReferenceImageBytes', maxReferenceImageBytes),
  ];
}

const findServerAddressProblem = (address: string): string | undefined => findAddressProblem(address, { isServer: true });

/** Checks a text, because callers without types may pass any value. The value is not repeated: an address may hold a password. */
function formProblems(path: string, value: unknown, rule: string, findProblem: (text: string) => string | undefined): Problem[] {
  if (value === undefined) return [];
  const problem = typeof value === 'string' && value !== '' ? findProblem(value) : 'is not a text';
  return problem === undefined ? [] : [{ path, message: `${problem}, and must be ${rule}` }];
}

const atLeastOne = (path: string, value: number): Problem[] =>
  Number.isSafeInteger(value) && value >= 1 ? [] : [{ path, message: 'must be a whole number and at least 1', given: show(value) }];
