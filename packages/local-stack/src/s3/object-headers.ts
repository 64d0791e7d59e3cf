import { invalidArgument, notImplemented } from './s3-error.ts';
import type { StoredObject } from './object-files.ts';
import type { S3Request } from './s3-request.ts';

/** Headers that S3 stores with an object and returns ("system-defined metadata"). */
const KEPT_HEADERS = ['content-type', 'cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'] as const;

const METADATA = 'x-amz-meta-';

/** Returns the description of an object from the headers of its PUT. */
export function describeObject(request: S3Request): Pick<StoredObject, 'headers' | 'metadata'> {
  const headers: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const name of KEPT_HEADERS) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }

  const metadata: Record<string, string> = {};
  for (const [name, value] of request.amz) {
    if (!name.startsWith(METADATA)) continue;
    if (!isPlain(value)) throw notImplemented('metadata outside printable ASCII');
    metadata[name.slice(METADATA.length)] = value;
  }
  return { headers, metadata };
}

/** Returns the headers of GET and HEAD. */
export function objectHeaders({ etag, modifiedAt, headers, metadata }: StoredObject): Record<string, string> {
  return {
    ...headers,
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [METADATA + name, value])),
    etag: `"${etag}"`,
    'last-modified': new Date(modifiedAt).toUTCString(),
  };
}

/** Returns the `x-amz-checksum-*` headers of an object, for PUT, and for GET with checksum mode. */
export const checksumHeaders = ({ checksums }: Pick<StoredObject, 'checksums'>): Record<string, string> =>
  Object.fromEntries(Object.entries(checksums).map(([algorithm, value]) => [`x-amz-checksum-${algorithm}`, value]));

/** Query parameters of GET that replace a header of the answer. */
export const responseOverrides = KEPT_HEADERS.map((name) => `response-${name}`);

export function overriddenHeaders({ url }: S3Request): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = url.query.get(`response-${name}`);
    if (value === undefined) continue;
    if (!isPlain(value)) throw invalidArgument(`response-${name} must be printable ASCII`);
    headers[name] = value;
  }
  return headers;
}

const isPlain = (value: string): boolean => /^[\x20-\x7e]*$/.test(value);
