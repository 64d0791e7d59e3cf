import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Authorization } from './authorization.ts';
import type { RequestUrl } from './request-url.ts';
import { S3Error } from './s3-error.ts';

/** A request with a checked signature. */
export interface S3Request {
  readonly method: string;
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly url: RequestUrl;
  readonly headers: IncomingHttpHeaders;
  /** The `x-amz-*` values by name in lower case, from the headers and from the query of a presigned URL, where they mean the same. */
  readonly amz: ReadonlyMap<string, string>;
  /** The signed payload: a hash or a word. */
  readonly payload: string;
  readonly body: IncomingMessage;
}

/** Query parameters that belong to the signature of a presigned URL, not to the request. */
const SIGNATURE_PARAMETERS = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-content-sha256',
  'x-amz-security-token',
]);

export const isSignatureParameter = (name: string): boolean => SIGNATURE_PARAMETERS.has(name.toLowerCase());

/** Returns bucket and key of a path: `/bucket/key/with/slashes`. */
export function placeOf({ segments }: Pick<RequestUrl, 'segments'>): { bucket: string; key: string } {
  return { bucket: segments[1] ?? '', key: segments.slice(2).join('/') };
}

export function createS3Request(message: IncomingMessage, url: RequestUrl, authorization: Authorization): S3Request {
  return {
    method: message.method ?? '',
    ...placeOf(url),
    url,
    headers: message.headers,
    amz: amzValues(message.headers, url, authorization.isPresigned),
    payload: authorization.payload,
    body: message,
  };
}

function amzValues(headers: IncomingHttpHeaders, { query }: RequestUrl, isPresigned: boolean): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('x-amz-') && value !== undefined) values.set(name, String(value));
  }
  for (const [name, value] of isPresigned ? query : []) {
    const lower = name.toLowerCase();
    if (!lower.startsWith('x-amz-') || isSignatureParameter(lower)) continue;
    if (values.has(lower) && values.get(lower) !== value) {
      throw new S3Error(400, 'InvalidArgument', `"${lower}" is one thing in the URL and another in the headers.`);
    }
    values.set(lower, value);
  }
  return values;
}
