import { copyFile, rm } from 'node:fs/promises';
import { bodyPromises, receiveToFile } from './body.ts';
import { checksumHeaders, describeObject, objectHeaders, overriddenHeaders, responseOverrides } from './object-headers.ts';
import type { ObjectFiles, StoredObject, WriteCondition } from './object-files.ts';
import type { Operation, OperationContext } from './operation.ts';
import { checkReadConditions, parseEtag, parseRange } from './read-conditions.ts';
import { xmlReply, type Reply } from './reply.ts';
import { S3Error, invalidArgument, notImplemented } from './s3-error.ts';
import { parseCopySource, type S3Request } from './s3-request.ts';
import { textElement, xmlDocument } from './xml.ts';

/** In bytes (S3 user guide, "Naming Amazon S3 objects"). */
const MAX_KEY_BYTES = 1024;

const READ_HEADERS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'range', 'x-amz-checksum-mode'];
const WRITE_CONDITIONS = ['if-match', 'if-none-match'];

const getObject: Operation = {
  name: 'GetObject',
  method: 'GET',
  level: 'object',
  query: responseOverrides,
  headers: READ_HEADERS,
  run: read,
};
const headObject: Operation = { ...getObject, name: 'HeadObject', method: 'HEAD' };

const putObject: Operation = {
  name: 'PutObject',
  method: 'PUT',
  level: 'object',
  headers: [...WRITE_CONDITIONS, ...bodyPromises, 'x-amz-meta-'],
  run: async (request, { files, clock }) => {
    files.getObjects(request.bucket);
    const condition = writeCondition(request);
    const description = describeObject(request);
    const stored = await writeThrough(files, async (incoming) => {
      const { md5, sizeBytes, checksums } = await receiveToFile(request, incoming);
      const object = { key: checkedKey(request.key), sizeBytes, etag: md5, modifiedAt: wholeSecond(clock()), checksums, ...description };
      return files.commit(request.bucket, incoming, object, condition);
    });
    return { status: 200, headers: { etag: `"${stored.etag}"`, ...checksumHeaders(stored) } };
  },
};

const copyObject: Operation = {
  name: 'CopyObject',
  method: 'PUT',
  level: 'object',
  mark: 'x-amz-copy-source',
  headers: [...WRITE_CONDITIONS, 'x-amz-metadata-directive', 'x-amz-meta-'],
  run: async (request, { files, clock }) => {
    files.getObjects(request.bucket);
    const condition = writeCondition(request);
    const source = parseCopySource(request.amz.get('x-amz-copy-source') ?? '');
    const original = files.getObject(source.bucket, source.key);
    const { headers, metadata } = isReplacing(request) ? describeObject(request) : original;
    const stored = await writeThrough(files, async (incoming) => {
      await copyFile(files.blobPath(source.bucket, original.blob), incoming);
      const object = { ...original, key: checkedKey(request.key), modifiedAt: wholeSecond(clock()), headers, metadata };
      return files.commit(request.bucket, incoming, object, condition);
    });
    return xmlReply(
      xmlDocument('CopyObjectResult', [
        textElement('LastModified', new Date(stored.modifiedAt).toISOString()),
        textElement('ETag', `"${stored.etag}"`),
      ]),
    );
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
  if (checkReadConditions(request, object) === 'not-modified') return { status: 304, headers: { etag: `"${object.etag}"` } };

  const range = request.headers.range === undefined ? undefined : parseRange(request.headers.range, object.sizeBytes);
  const { start, sizeBytes } = range ?? { start: 0, sizeBytes: object.sizeBytes };
  // A checksum covers the whole object: beside a range, a client would compare it with the wrong bytes.
  const wantsChecksum = range === undefined && request.amz.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  const headers = {
    ...objectHeaders(object),
    ...overriddenHeaders(request),
    ...(wantsChecksum ? checksumHeaders(object) : {}),
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${start + sizeBytes - 1}/${object.sizeBytes}` }),
    'content-length': String(sizeBytes),
  };
  const status = range === undefined ? 200 : 206;
  if (request.method === 'HEAD' || sizeBytes === 0) return { status, headers };
  return { status, headers, body: { descriptor: files.openBlob(request.bucket, object), start, sizeBytes } };
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

function writeCondition({ headers }: S3Request): WriteCondition {
  const ifNoneMatch = headers['if-none-match'];
  // S3 allows no other value here either (S3 user guide, "Conditional writes").
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw notImplemented('If-None-Match other than "*" on a write');
  const ifMatch = headers['if-match'];
  return { mustNotExist: ifNoneMatch === '*', ...(ifMatch === undefined ? {} : { etag: parseEtag(ifMatch) }) };
}

function isReplacing({ amz, headers }: S3Request): boolean {
  const directive = amz.get('x-amz-metadata-directive')?.toUpperCase() ?? 'COPY';
  if (directive !== 'COPY' && directive !== 'REPLACE') throw invalidArgument('x-amz-metadata-directive must be COPY or REPLACE');
  // S3 silently ignores new metadata here, so a client that sends it is mistaken.
  const isGiven = [...amz.keys()].some((name) => name.startsWith('x-amz-meta-')) || headers['content-type'] !== undefined;
  if (directive === 'COPY' && isGiven) throw notImplemented('metadata on a copy without x-amz-metadata-directive: REPLACE');
  return directive === 'REPLACE';
}

function checkedKey(key: string): string {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error(400, 'KeyTooLongError', 'Your key is too long');
  return key;
}

/** Rounds down to a second, the step of HTTP dates, because clients compare both spellings. */
const wholeSecond = (time: number): number => Math.floor(time / 1000) * 1000;

export const objectOperations: readonly Operation[] = [getObject, headObject, putObject, copyObject, deleteObject];
