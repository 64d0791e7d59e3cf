import type { StoredObject } from './object-files.ts';
import { S3Error, notImplemented } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

/**
 * Compares the conditions of a GET or HEAD with the object; `not-modified` is answered with 304. An ETag outweighs a date
 * (S3 API reference, GetObject, "Overriding conditions").
 */
export function checkReadConditions({ headers }: S3Request, object: StoredObject): 'send' | 'not-modified' {
  const failed = (condition: string): S3Error =>
    new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', { Condition: condition });
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  const ifUnmodifiedSince = parseDate(headers['if-unmodified-since']);
  const ifModifiedSince = parseDate(headers['if-modified-since']);

  if (ifMatch !== undefined && !names(ifMatch, object.etag)) throw failed('If-Match');
  if (ifMatch === undefined && ifUnmodifiedSince !== undefined && object.modifiedAt > ifUnmodifiedSince)
    throw failed('If-Unmodified-Since');
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, object.etag) ? 'not-modified' : 'send';
  return ifModifiedSince !== undefined && object.modifiedAt <= ifModifiedSince ? 'not-modified' : 'send';
}

/** Bytes of an object, from `start`. */
export interface ByteRange {
  readonly start: number;
  readonly sizeBytes: number;
}

/**
 * Parses the `Range` header for an object of this size.
 * @throws S3Error 416 for a range outside the object, 501 for several ranges.
 */
export function parseRange(header: string, sizeBytes: number): ByteRange {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (first === '' && last === '') throw notImplemented('a range that is not one run of bytes');
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (start > end)
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', { ActualObjectSize: String(sizeBytes) });
  return { start, sizeBytes: end - start + 1 };
}

/** Parses the ETag of a condition, quoted or not, as S3 does. */
export const parseEtag = (text: string): string =>
  text
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1');

const names = (condition: string, etag: string): boolean =>
  condition.split(',').some((part) => parseEtag(part) === etag || part.trim() === '*');

function parseDate(header: string | undefined): number | undefined {
  const time = header === undefined ? Number.NaN : Date.parse(header);
  return Number.isNaN(time) ? undefined : time;
}
