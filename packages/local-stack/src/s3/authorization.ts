import type { IncomingHttpHeaders } from 'node:http';
import type { RequestUrl } from './request-url.ts';
import { S3Error } from './s3-error.ts';

/** The parts of a request that its signature covers. */
export interface SignedRequest {
  readonly method: string;
  readonly url: RequestUrl;
  readonly headers: IncomingHttpHeaders;
}

/** The claims of a request about its signature, not yet checked. */
export interface Authorization {
  readonly isPresigned: boolean;
  readonly accessKeyId: string;
  /** `yyyymmdd` */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  readonly signedHeaders: readonly string[];
  /** 64 hexadecimal digits. */
  readonly signature: string;
  /** `yyyymmddThhmmssZ` */
  readonly timestamp: string;
  /** The signed payload: a hash, or a word such as `UNSIGNED-PAYLOAD`. */
  readonly payload: string;
  /** Set for a presigned URL only. */
  readonly expiresInSeconds?: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const HEADER = /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;

/** Seven days (S3 user guide, "Authenticating requests: using query parameters"). */
const MAX_EXPIRES_SECONDS = 604_800;

/** Parses the `Authorization` header or the query of a presigned URL; a request must have exactly one of them. */
export function parseAuthorization(request: SignedRequest): Authorization {
  const header = request.headers.authorization;
  const isPresigned = request.url.query.has('X-Amz-Algorithm') || request.url.query.has('X-Amz-Signature');
  if (header !== undefined && isPresigned) throw new S3Error(400, 'InvalidArgument', 'Only one auth mechanism allowed');
  if (isPresigned) return parsePresigned(request);
  if (header !== undefined) return parseHeader(header, request.headers);
  throw new S3Error(403, 'AccessDenied', 'Access Denied');
}

function parseHeader(header: string, headers: IncomingHttpHeaders): Authorization {
  const match = HEADER.exec(header);
  if (match === null) throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed.');
  const [, credential = '', signedHeaders = '', signature = ''] = match;
  const payload = headers['x-amz-content-sha256'];
  if (typeof payload !== 'string')
    throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  return {
    isPresigned: false,
    ...parseCredential(credential, 'AuthorizationHeaderMalformed'),
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp: String(headers['x-amz-date'] ?? ''),
    payload,
  };
}

function parsePresigned({ url: { query }, headers }: SignedRequest): Authorization {
  const code = 'AuthorizationQueryParametersError';
  const parameter = (name: string): string => {
    const value = query.get(name);
    if (value === undefined || value === '') throw new S3Error(400, code, `Query parameter ${name} is missing.`);
    return value;
  };
  if (parameter('X-Amz-Algorithm') !== ALGORITHM) throw new S3Error(400, code, `X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const signature = parameter('X-Amz-Signature');
  if (!/^[0-9a-f]{64}$/.test(signature)) throw new S3Error(403, 'SignatureDoesNotMatch', 'The signature is malformed.');
  const expires = parameter('X-Amz-Expires');
  const expiresInSeconds = /^\d+$/.test(expires) ? Number(expires) : 0;
  if (expiresInSeconds < 1 || expiresInSeconds > MAX_EXPIRES_SECONDS) {
    throw new S3Error(400, code, `X-Amz-Expires must be between 1 and ${MAX_EXPIRES_SECONDS} seconds`);
  }
  return {
    isPresigned: true,
    ...parseCredential(parameter('X-Amz-Credential'), code),
    signedHeaders: parameter('X-Amz-SignedHeaders').split(';'),
    signature,
    timestamp: parameter('X-Amz-Date'),
    payload: query.get('X-Amz-Content-Sha256') ?? String(headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD'),
    expiresInSeconds,
  };
}

type Credential = Pick<Authorization, 'accessKeyId' | 'day' | 'region' | 'service' | 'terminator'>;

function parseCredential(credential: string, code: string): Credential {
  const parts = credential.split('/');
  const [day, region, service, terminator] = parts.slice(-4);
  const accessKeyId = parts.slice(0, -4).join('/');
  if (accessKeyId === '' || day === undefined || region === undefined || service === undefined || terminator === undefined) {
    throw new S3Error(400, code, 'The credential is malformed; expecting "<access key>/<date>/<region>/<service>/aws4_request".');
  }
  return { accessKeyId, day, region, service, terminator };
}
