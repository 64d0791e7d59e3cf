import type { Readable } from 'node:stream';
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { defined, StorageError } from '@darkroom/contracts';
import { readKeeping, type BucketKeeping } from './bucket-keeping.ts';
import type { CreateRequests, ObjectWrite } from './requests/object-requests.ts';
import { createSdkRequests } from './requests/sdk-requests.ts';
import { attemptsOf, isConditionalConflict, isMissing, isPreconditionFailed, storageErrorOf } from './storage-error.ts';

export interface BucketConfig {
  bucket: string;
  region: string;
  /** For a server other than AWS; keys then go into the path. */
  endpoint?: string;
  /** Address of the same server in presigned URLs, if others reach it by another one; keys go into the path. Absent: the same. */
  publicEndpoint?: string;
  /** Absent: the default chain of the AWS SDK (environment, profile, instance). */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** Longest duration of one operation, its second attempt and its body included, in milliseconds. */
  requestTimeoutMs: number;
}

/** Bytes of an object, read up to a limit. */
export type BoundedRead = { kind: 'found'; bytes: Uint8Array } | { kind: 'missing' } | { kind: 'too-large'; sizeBytes: number };

/** Result of a write. `byRetry`: the SDK had sent the request before, so the existing object may be its own first write. */
type WriteOnce = { kind: 'written' } | { kind: 'exists'; byRetry: boolean };

export interface ListedObject {
  key: string;
  sizeBytes: number;
  /** Milliseconds since 1970, by the clock of S3. */
  writtenAt: number;
}

interface ListOptions {
  maxKeys?: number;
  continuationToken?: string;
  /** Keys up to this one are left out; it need not be there. */
  startAfter?: string;
  /** Keys with more characters after this one are listed as one group. */
  delimiter?: string;
}

interface Page {
  objects: ListedObject[];
  /** Common first part of the keys of each group, the delimiter included. */
  groups: string[];
  continuationToken?: string;
}

/**
 * Operations on one bucket, each bounded in time and tried at most twice. All throw StorageError (storage.unavailable) and nothing else.
 */
export interface Bucket {
  readonly name: string;
  /** Signs URLs for the address at which others reach the bucket; sends nothing. */
  readonly presigner: S3Client;
  /** Presigns a URL for one bare PUT at that address; sends nothing. */
  presignPut(key: string, expiresInSeconds: number, now: number): Promise<string>;
  /** Reads an object in one GET; of an object larger than `maxBytes` it returns only the size. */
  read(key: string, maxBytes: number): Promise<BoundedRead>;
  /** Writes an object unless one exists: of concurrent writes, one succeeds. @param sha256 Of the body, if it is known. */
  writeOnce(key: string, body: Uint8Array, contentType: string, sha256?: string): Promise<WriteOnce>;
  /** Writes an object over whatever lies there: the right of the eraser alone. */
  overwrite(key: string, body: Uint8Array, contentType: string): Promise<void>;
  /** Lists one page of keys, in their order. */
  list(prefix: string, options?: ListOptions): Promise<Page>;
  /**
   * Lists all objects under a prefix, in the order of their keys, a page at a time. @param startAfter A key; omits it and those before it.
   */
  listAll(prefix: string, startAfter?: string): AsyncGenerator<ListedObject, void, undefined>;
  /** Deletes objects, a thousand in each request; a missing object is no error. */
  delete(keys: readonly string[]): Promise<void>;
  /** Reads the features of the bucket by which bytes outlive a delete. */
  readKeeping(): Promise<BucketKeeping>;
  /** Aborts requests under way and closes idle connections; may be called twice. */
  close(): void;
}

/** A connection that takes longer is tried once more within the limit of the operation. */
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * More than the settlements and submissions of a worker: a request that waits for a socket loses time of its operation (the SDK has 50).
 */
const MAX_SOCKETS = 400;

/** Maximum number of keys of one request (S3 API reference, DeleteObjects). */
const MAX_DELETES = 1000;

/** @param createRequests Makes the requests of each image; by the AWS SDK when absent. */
export function createBucket(
  { bucket, region, endpoint, publicEndpoint, credentials, requestTimeoutMs }: BucketConfig,
  createRequests: CreateRequests = createSdkRequests,
): Bucket {
  const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, requestTimeoutMs);
  const config: S3ClientConfig = {
    region,
    ...defined({ endpoint, credentials }),
    forcePathStyle: endpoint !== undefined,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      httpAgent: { maxSockets: MAX_SOCKETS },
      httpsAgent: { maxSockets: MAX_SOCKETS },
    },
    // By default the SDK puts the checksum of an *empty* body into presigned URLs, and S3 then refuses any real upload.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
  const client = new S3Client(config);
  const presigner = publicEndpoint === undefined ? client : new S3Client({ ...config, endpoint: publicEndpoint, forcePathStyle: true });
  const requests = createRequests({ client, presigner, bucket, connections: MAX_SOCKETS, connectTimeoutMs });

  /** Requests under way, which closing aborts. */
  const underWay = new Set<AbortController>();
  let isClosed = false;

  async function within<Value>(attempted: string, operation: (abortSignal: AbortSignal) => Promise<Value>): Promise<Value> {
    const controller = new AbortController();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      controller.abort();
    }, requestTimeoutMs);
    underWay.add(controller);
    try {
      if (isClosed) controller.abort();
      return await operation(controller.signal);
    } catch (error) {
      throw storageErrorOf(error, attempted, isLate ? requestTimeoutMs : undefined);
    } finally {
      clearTimeout(timer);
      underWay.delete(controller);
    }
  }

  async function putOnce(key: string, write: Omit<ObjectWrite, 'isOnce'>, abortSignal: AbortSignal): Promise<WriteOnce> {
    try {
      await requests.put(key, { ...write, isOnce: true }, abortSignal);
      return { kind: 'written' };
    } catch (error) {
      if (isPreconditionFailed(error)) return { kind: 'exists', byRetry: attemptsOf(error) > 1 };
      throw error;
    }
  }

  async function deleteSome(keys: readonly string[], abortSignal: AbortSignal): Promise<void> {
    const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys.map((key) => ({ Key: key })), Quiet: true } });
    // S3 answers 200 even then, and lists the keys that it did not delete (S3 API reference, DeleteObjects).
    const { Errors: refused = [] } = await client.send(command, { abortSignal });
    const [first] = refused;
    if (first === undefined) return;
    throw new StorageError('storage.unavailable', `could not delete '${first.Key}': S3 answered ${first.Code}`, {
      reached: 'yes',
      details: { reason: first.Code === 'AccessDenied' ? 'credentials-refused' : 'refused' },
    });
  }

  const list: Bucket['list'] = (prefix, { maxKeys = 1000, continuationToken, startAfter, delimiter } = {}) =>
    within(`list '${prefix}' in bucket '${bucket}'`, async (abortSignal) => {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          MaxKeys: maxKeys,
          ContinuationToken: continuationToken,
          StartAfter: startAfter,
          Delimiter: delimiter,
        }),
        { abortSignal },
      );
      return {
        objects: (page.Contents ?? []).flatMap(({ Key: key, LastModified: writtenAt, Size: sizeBytes = 0 }) =>
          key === undefined ? [] : [{ key, sizeBytes, writtenAt: writtenAt?.getTime() ?? 0 }],
        ),
        groups: (page.CommonPrefixes ?? []).flatMap(({ Prefix: group }) => group ?? []),
        ...defined({ continuationToken: page.NextContinuationToken }),
      };
    });

  return {
    name: bucket,
    presigner,
    presignPut: (key, expiresInSeconds, now) => requests.presignPut(key, expiresInSeconds, now),
    read: (key, maxBytes) =>
      within(`read '${key}' from bucket '${bucket}'`, async (abortSignal) => {
        try {
          const { announcedBytes, body } = await requests.get(key, abortSignal);
          if (announcedBytes <= maxBytes) return await readBounded(body, maxBytes);
          body.destroy();
          return { kind: 'too-large', sizeBytes: announcedBytes };
        } catch (error) {
          if (isMissing(error)) return { kind: 'missing' };
          throw error;
        }
      }),
    writeOnce: (key, body, contentType, sha256) =>
      within(`write '${key}' to bucket '${bucket}'`, async (abortSignal) => {
        try {
          return await putOnce(key, { body, contentType, sha256 }, abortSignal);
        } catch (error) {
          if (!isConditionalConflict(error)) throw error;
          return putOnce(key, { body, contentType, sha256 }, abortSignal);
        }
      }),
    overwrite: (key, body, contentType) =>
      within(`write '${key}' to bucket '${bucket}'`, (abortSignal) => requests.put(key, { body, contentType, isOnce: false }, abortSignal)),
    list,
    async *listAll(prefix, startAfter) {
      let continuationToken: string | undefined;
      do {
        const page = await list(prefix, defined(continuationToken === undefined ? { startAfter } : { continuationToken }));
        yield* page.objects;
        continuationToken = page.continuationToken;
      } while (continuationToken !== undefined);
    },
    async delete(keys) {
      for (let from = 0; from < keys.length; from += MAX_DELETES) {
        const some = keys.slice(from, from + MAX_DELETES);
        await within(`delete '${some[0]}' and ${some.length - 1} more from bucket '${bucket}'`, (abortSignal) =>
          deleteSome(some, abortSignal),
        );
      }
    },
    readKeeping: () => within(`read the features of bucket '${bucket}'`, (abortSignal) => readKeeping(client, bucket, abortSignal)),
    close() {
      isClosed = true;
      for (const controller of underWay) controller.abort();
      requests.close();
      client.destroy();
      presigner.destroy();
    },
  };
}

/** Reads to the end or the limit, for a server that announces no length or a wrong one. */
async function readBounded(stream: Readable, maxBytes: number): Promise<BoundedRead> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // A Readable of bytes yields Buffers; leaving the loop destroys it.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) return { kind: 'too-large', sizeBytes };
    chunks.push(chunk);
  }
  return { kind: 'found', bytes: Buffer.concat(chunks) };
}
