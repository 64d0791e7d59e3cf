import { createHash } from 'node:crypto';
import type { ImageNames } from '../contestants/contestant.ts';
import { createKeyIndex, firstFrom } from './key-index.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A bucket in memory that answers as S3 does and checks no signature: it costs next to nothing, so that the figures are those of its clients. */
export interface MemoryBucket {
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Writes an object as a presigned upload does. @param address The presigned URL. */
  upload(address: string, bytes: Buffer): void;
  /** Copies the objects whose names hold the ids of an image; the copies hold the other ids. */
  clone(image: ImageNames, clone: ImageNames): void;
  /** Numbers of requests by operation and folder, such as "GetObject staging". */
  readonly counts: Map<string, number>;
}

interface StoredObject {
  /** Made when it is read: a million copies take no memory. */
  read(): Buffer;
  readonly size: number;
  etag: string;
  writtenAt: number;
}

export function createMemoryBucket(): MemoryBucket {
  const objects = new Map<string, StoredObject>();
  const counts = new Map<string, number>();
  const count = (operation: string, key: string): void => {
    const name = `${operation} ${key.split('/')[1] ?? ''}`.trim();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const index = createKeyIndex();
  const set = (key: string, object: StoredObject): StoredObject => {
    if (!objects.has(key)) index.add(key);
    objects.set(key, object);
    return object;
  };
  const put = (key: string, bytes: Buffer): StoredObject =>
    set(key, { read: () => bytes, size: bytes.length, etag: `"${createHash('md5').update(bytes).digest('hex')}"`, writtenAt: Date.now() });
  /** Objects of the image that was cloned last. */
  let cloned: { readonly task: string; readonly found: readonly [string, StoredObject][] } | undefined;
  return {
    counts,
    upload: (address, bytes) => void put(keyOf(new URL(address)), bytes),
    clone(image, clone) {
      const rename = (text: string): string =>
        text
          .replaceAll(image.taskUUID, clone.taskUUID)
          .replaceAll(image.generationId ?? image.taskUUID, clone.generationId ?? clone.taskUUID);
      if (cloned?.task !== image.taskUUID) cloned = { task: image.taskUUID, found: [...objects].filter(([key]) => rename(key) !== key) };
      for (const [key, object] of cloned.found) {
        const isText = !key.endsWith('.jpg');
        const read = isText ? () => Buffer.from(rename(object.read().toString())) : object.read;
        set(rename(key), { ...object, read });
      }
    },
    async answer(request, response) {
      const url = new URL(request.url ?? '/', 'http://bucket');
      const key = keyOf(url);
      const method = request.method ?? 'GET';
      // A bucket alone ("/bench") is listed, or asked for its features.
      if (!key.includes('/')) {
        await readAll(request);
        if (url.searchParams.get('list-type') !== '2') return fail(response, 501, 'NotImplemented');
        count('List', `/${url.searchParams.get('prefix') ?? ''}`);
        const keys = index.sorted(key, url.searchParams.get('prefix') ?? '');
        return void response.writeHead(200, { 'content-type': 'application/xml' }).end(list(objects, keys, key, url.searchParams));
      }
      if (method === 'PUT') {
        const bytes = await readAll(request);
        count('PutObject', key);
        if (request.headers['if-none-match'] === '*' && objects.has(key)) return fail(response, 412, 'PreconditionFailed');
        return void response.writeHead(200, { etag: put(key, bytes).etag, 'content-length': 0 }).end();
      }
      await readAll(request);
      count(method === 'HEAD' ? 'HeadObject' : method === 'DELETE' ? 'DeleteObject' : 'GetObject', key);
      const object = objects.get(key);
      if (method === 'DELETE') {
        if (objects.delete(key)) index.remove(key);
        return void response.writeHead(204).end();
      }
      if (object === undefined) return fail(response, 404, 'NoSuchKey');
      const bytes = object.read();
      response.writeHead(200, {
        'content-length': bytes.length,
        'last-modified': new Date(object.writtenAt).toUTCString(),
        etag: object.etag,
      });
      response.end(method === 'HEAD' ? undefined : bytes);
    },
  };
}

/** Returns bucket and key of a path-style address; the bucket alone for "/bucket/". */
const keyOf = (url: URL): string => decodeURIComponent(url.pathname.slice(1)).replace(/^([^/]+)\/$/, '$1');

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function list(objects: ReadonlyMap<string, StoredObject>, keys: readonly string[], bucket: string, query: URLSearchParams): string {
  const prefix = `${bucket}/${query.get('prefix') ?? ''}`;
  const after = `${bucket}/${query.get('continuation-token') ?? query.get('start-after') ?? ''}`;
  const delimiter = query.get('delimiter');
  const max = Number(query.get('max-keys') ?? 1000);
  const groups = new Set<string>();
  const contents: string[] = [];
  let last: string | undefined;
  let isCut = false;
  for (let at = firstFrom(keys, after > prefix ? after : prefix); at < keys.length; at += 1) {
    const key = keys[at] ?? '';
    if (!key.startsWith(prefix)) break;
    if (key === after) continue;
    const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    const group = end === -1 ? undefined : key.slice(bucket.length + 1, end + 1);
    if (group !== undefined && groups.has(group)) {
      last = key;
      continue;
    }
    if (contents.length + groups.size === max) {
      isCut = true;
      break;
    }
    last = key;
    if (group === undefined) contents.push(describe(key.slice(bucket.length + 1), objects.get(key)));
    else groups.add(group);
  }
  const next = isCut && last !== undefined ? `<NextContinuationToken>${last.slice(bucket.length + 1)}</NextContinuationToken>` : '';
  const common = [...groups].map((group) => `<CommonPrefixes><Prefix>${group}</Prefix></CommonPrefixes>`);
  return `<ListBucketResult><IsTruncated>${isCut}</IsTruncated>${next}${contents.join('')}${common.join('')}</ListBucketResult>`;
}

const describe = (key: string, object: StoredObject | undefined): string =>
  `<Contents><Key>${key}</Key><LastModified>${new Date(object?.writtenAt ?? 0).toISOString()}</LastModified><Size>${object?.size ?? 0}</Size></Contents>`;

/** Reads the body of a request. */
export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // A request without an encoding yields Buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
