import { rm } from 'node:fs/promises';
import { bodyPromises, receiveToFile } from './body.ts';
import { checksumHeaders, describeObject, objectHeaders, overriddenHeaders, responseOverrides } from './object-headers.ts';
import type { ObjectFiles, StoredObject } from './object-files.ts';
import type { Operation, OperationContext } from './operation.ts';
import type { Reply } from './reply.ts';
import { S3Error, notImplemented } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

/** In bytes (S3 user guide, "Naming Amazon S3 objects"). */
const MAX_KEY_BYTES = 1024;

const getObject: Operation = {
  name: 'GetObject',
  method: 'GET',
  level: 'object',
  query: responseOverrides,
  headers: ['if-none-match', 'if-modified-since', 'x-amz-checksum-mode'],
  run: read,
};
const headObject: Operation = { ...getObject, name: 'HeadObject', method: 'HEAD' };

const putObject: Operation = {
  name: 'PutObject',
  method: 'PUT',
  level: 'object',
  headers: ['if-none-match', ...bodyPromises, 'x-amz-meta-'],
  run: async (request, { files, clock }) => {
    files.getObjects(request.bucket);
    const isNew = mustNotExist(request);
    const description = describeObject(request);
    const stored = await writeThrough(files, async (incoming) => {
      const { md5, sizeBytes, checksums } = await receiveToFile(request, incoming);
      const object = { key: checkedKey(request.key), sizeBytes, etag: md5, modifiedAt: wholeSecond(clock()), checksums, ...description };
      return files.commit(request.bucket, incoming, object, isNew);
    });
    return { status: 200, headers: { etag: `"${stored.etag}"`, ...checksumHeaders(stored) } };
  },
};

const deleteObject: Operation = {
  name: 'DeleteObject',
  method: 'DELETE',
  level: 'object',
  run: ({ bucket, key }, { files }) => {
    files.delete(bucket, key);
    return { status: 204 };
  },
};

function read(request: S3Request, { files }: OperationContext): Reply {
  const object = files.getObject(request.bucket, request.key);
  if (isKnownToReader(request, object)) return { status: 304, headers: { etag: `"${object.etag}"` } };
  const headers = {
    ...objectHeaders(object),
    ...overriddenHeaders(request),
    ...(request.amz.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' ? checksumHeaders(object) : {}),
    'content-length': String(object.sizeBytes),
  };
  if (request.method === 'HEAD' || object.sizeBytes === 0) return { status: 200, headers };
  return { status: 200, headers, body: { descriptor: files.openBlob(request.bucket, object), sizeBytes: object.sizeBytes } };
}

/** Returns true if a browser that loads an image once more has it already. Beside an ETag the date counts for nothing (RFC 9110, 13.1.3). */
function isKnownToReader({ headers }: S3Request, { etag }: StoredObject): boolean {
  const known = headers['if-none-match'];
  if (known === undefined && headers['if-modified-since'] !== undefined) throw notImplemented('If-Modified-Since without If-None-Match');
  return known !== undefined && known.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === `"${etag}"`);
}

/** Gives `write` a file for the arriving bytes, and removes it if the write fails. */
async function writeThrough(files: ObjectFiles, write: (incoming: string) => Promise<StoredObject>): Promise<StoredObject> {
  const incoming = files.newIncoming();
  try {
    return await write(incoming);
  } catch (error) {
    await rm(incoming, { force: true });
    throw error;
  }
}

function mustNotExist({ headers }: S3Request): boolean {
  const condition = headers['if-none-match'];
  // S3 allows no other value here either (S3 user guide, "Conditional writes").
  if (condition !== undefined && condition !== '*') throw notImplemented('If-None-Match other than "*" on a write');
  return condition === '*';
}

function checkedKey(key: string): string {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error(400, 'KeyTooLongError', 'Your key is too long');
  return key;
}

/** Rounds down to a second, the step of HTTP dates, because clients compare both spellings. */
const wholeSecond = (time: number): number => Math.floor(time / 1000) * 1000;

export const objectOperations: readonly Operation[] = [getObject, headObject, putObject, deleteObject];
