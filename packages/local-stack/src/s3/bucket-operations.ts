import { bodyPromises, receiveText } from './body.ts';
import { listObjects } from './list-objects.ts';
import type { Operation } from './operation.ts';
import { xmlReply } from './reply.ts';
import { S3Error, notImplemented } from './s3-error.ts';
import { contentsOf, element, textElement, textsOf, xmlDocument } from './xml.ts';

/** The most keys of one DeleteObjects (S3 API reference). */
const MAX_DELETES = 1000;

const listObjectsV2: Operation = {
  name: 'ListObjectsV2',
  method: 'GET',
  level: 'bucket',
  mark: 'list-type',
  query: ['prefix', 'delimiter', 'max-keys', 'continuation-token', 'start-after', 'encoding-type'],
  run: ({ bucket, url: { query } }, { files }) => {
    if (query.get('list-type') !== '2') throw notImplemented('a list-type other than 2');
    return xmlReply(listObjects(bucket, files.getObjects(bucket), query));
  },
};

const deleteObjects: Operation = {
  name: 'DeleteObjects',
  method: 'POST',
  level: 'bucket',
  mark: 'delete',
  headers: bodyPromises,
  run: async (request, { files }) => {
    files.getObjects(request.bucket);
    const document = await receiveText(request);
    const keys = contentsOf(document, 'Object').map(parseDelete);
    if (keys.length === 0 || keys.length > MAX_DELETES) throw malformed();
    for (const key of keys) files.delete(request.bucket, key);
    const isQuiet = textsOf(document, 'Quiet')[0] === 'true';
    return xmlReply(xmlDocument('DeleteResult', isQuiet ? [] : keys.map((key) => element('Deleted', [textElement('Key', key)]))));
  },
};

/** Parses a key to delete. A version or a condition beside it is refused, because this server would ignore it. */
function parseDelete(content: string): string {
  const [key] = textsOf(content, 'Key');
  if (key === undefined || key === '') throw malformed();
  const stranger = [...content.matchAll(/<(\w+)/g)].map(([, name = '']) => name).find((name) => name !== 'Key');
  if (stranger !== undefined) throw notImplemented(`"${stranger}" on DeleteObjects`);
  return key;
}

const malformed = (): S3Error =>
  new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');

export const bucketOperations: readonly Operation[] = [listObjectsV2, deleteObjects];
