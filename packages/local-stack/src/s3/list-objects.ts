import { uriEncode } from './request-url.ts';
import { invalidArgument } from './s3-error.ts';
import type { StoredObject } from './object-files.ts';
import { element, textElement, xmlDocument } from './xml.ts';

/** The largest page (S3 API reference, ListObjectsV2). */
const MAX_KEYS = 1000;

/** One page of a listing: keys, or groups of keys that are equal up to the delimiter. */
interface Page {
  readonly objects: StoredObject[];
  readonly commonPrefixes: string[];
  /** Start of the next page. */
  readonly next?: string;
}

/** Answers ListObjectsV2 for the objects of a bucket. */
export function listObjects(bucket: string, all: Iterable<StoredObject>, query: ReadonlyMap<string, string>): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = parseMaxKeys(query.get('max-keys'));
  const write = keyWriter(query.get('encoding-type'));
  const { objects, commonPrefixes, next } = pageOf(all, {
    prefix,
    delimiter,
    maxKeys,
    startAfter: query.get('start-after') ?? '',
    token: decodeToken(query.get('continuation-token')),
  });
  return xmlDocument('ListBucketResult', [
    textElement('Name', bucket),
    textElement('Prefix', write(prefix)),
    ...(delimiter === '' ? [] : [textElement('Delimiter', write(delimiter))]),
    textElement('MaxKeys', maxKeys),
    textElement('KeyCount', objects.length + commonPrefixes.length),
    ...(query.has('encoding-type') ? [textElement('EncodingType', 'url')] : []),
    textElement('IsTruncated', next !== undefined),
    ...(next === undefined ? [] : [textElement('NextContinuationToken', Buffer.from(next).toString('base64url'))]),
    ...objects.map((object) => contents(object, write)),
    ...commonPrefixes.map((group) => element('CommonPrefixes', [textElement('Prefix', write(group))])),
  ]);
}

interface Selection {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxKeys: number;
  /** The listing begins after this key. */
  readonly startAfter: string;
  /** The last key or group of the page before. */
  readonly token: string;
}

function pageOf(all: Iterable<StoredObject>, { prefix, delimiter, maxKeys, startAfter, token }: Selection): Page {
  const objects: StoredObject[] = [];
  const commonPrefixes: string[] = [];
  let last = token;
  for (const object of inKeyOrder(all, prefix)) {
    const group = groupOf(object.key, prefix, delimiter);
    const mark = group ?? object.key;
    if (!isAfter(object.key, startAfter) || !isAfter(mark, token)) continue;
    if (group !== undefined && group === commonPrefixes.at(-1)) continue;
    if (objects.length + commonPrefixes.length === maxKeys) return { objects, commonPrefixes, ...(maxKeys === 0 ? {} : { next: last }) };
    if (group === undefined) objects.push(object);
    else commonPrefixes.push(group);
    last = mark;
  }
  return { objects, commonPrefixes };
}

/** Sorts by the UTF-8 bytes, as S3 does; JavaScript sorts strings differently. */
function inKeyOrder(all: Iterable<StoredObject>, prefix: string): StoredObject[] {
  const found: { object: StoredObject; bytes: Buffer }[] = [];
  for (const object of all) if (object.key.startsWith(prefix)) found.push({ object, bytes: Buffer.from(object.key) });
  return found.sort((left, right) => Buffer.compare(left.bytes, right.bytes)).map(({ object }) => object);
}

const isAfter = (key: string, mark: string): boolean => mark === '' || Buffer.compare(Buffer.from(key), Buffer.from(mark)) > 0;

function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

const contents = ({ key, modifiedAt, etag, sizeBytes }: StoredObject, write: (key: string) => string): string =>
  element('Contents', [
    textElement('Key', write(key)),
    textElement('LastModified', new Date(modifiedAt).toISOString()),
    textElement('ETag', `"${etag}"`),
    textElement('Size', sizeBytes),
    textElement('StorageClass', 'STANDARD'),
  ]);

function parseMaxKeys(value: string | undefined): number {
  if (value === undefined) return MAX_KEYS;
  if (!/^\d{1,9}$/.test(value)) throw invalidArgument('max-keys must be a whole number from 0');
  return Math.min(Number(value), MAX_KEYS);
}

function keyWriter(encodingType: string | undefined): (key: string) => string {
  if (encodingType === undefined) return (key) => key;
  if (encodingType !== 'url') throw invalidArgument('encoding-type must be "url"');
  return (key) => uriEncode(key).replaceAll('%2F', '/');
}

const decodeToken = (token: string | undefined): string => (token === undefined ? '' : Buffer.from(token, 'base64url').toString());
