import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { defined, requestObjectSchema, StorageError, type KeptRequest } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { requestKey } from './keys.ts';

/** A request and the digest that the intents of its generation name. */
export type FoundRequest =
  | { kind: 'found'; kept: KeptRequest; requestDigest: string }
  /**
   * Its owner erased it: nothing more is sent for its generation. `erasedAt` is in milliseconds since 1970. `keepsImages`: it went by its age,
   * and the images may stay longer.
   */
  | { kind: 'erased'; erasedAt: number; keepsImages?: true }
  | { kind: 'missing' };

/** Result of the write of a request: its digest, or the time at which it was erased. */
export type RecordedRequest = { kind: 'kept'; requestDigest: string } | Extract<FoundRequest, { kind: 'erased' }>;

/**
 * Requests of generations in S3. A request is written once, before the first intent of its generation, and is the one object that its owner
 * may erase: a tombstone then stands in its place for good.
 *
 * All throw StorageError: storage.unavailable, or storage.corrupt-record for an object that is not the request of its key.
 */
export interface RequestStore {
  /** Keeps a request, once. A second call with the same request changes nothing. */
  recordRequest(request: Omit<KeptRequest, 'version' | 'salt'>): Promise<RecordedRequest>;
  findRequest(generationId: string): Promise<FoundRequest>;
}

/** Inline images have at most 256 KB, a prompt less. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** @param createSalt Returns a random text of at least 16 letters. */
export function createRequestStore(bucket: Bucket, createSalt: () => string): RequestStore {
  async function findRequest(generationId: string): Promise<FoundRequest> {
    const key = requestKey(generationId);
    const read = await bucket.read(key, MAX_REQUEST_BYTES);
    if (read.kind === 'missing') return { kind: 'missing' };
    if (read.kind === 'too-large') throw corrupt(key, `it has ${read.sizeBytes} bytes, ${MAX_REQUEST_BYTES} are allowed`);
    const found = parseObject(key, new TextDecoder().decode(read.bytes));
    if (found.generationId !== generationId) throw corrupt(key, `it is the request of ${found.generationId}`);
    if (!('request' in found)) return { kind: 'erased', ...defined({ erasedAt: found.erasedAt, keepsImages: found.keepsImages }) };
    return { kind: 'found', kept: found, requestDigest: digestOf(found) };
  }

  return {
    findRequest,
    async recordRequest(request) {
      const { generationId } = request;
      const key = requestKey(generationId);
      const mine = parseObject(key, JSON.stringify({ version: 1, ...request, salt: createSalt() }));
      if (!('request' in mine)) throw corrupt(key, 'it holds no request');
      const written = await bucket.writeOnce(key, Buffer.from(JSON.stringify(mine)), 'application/json');
      if (written.kind === 'written') return { kind: 'kept', requestDigest: digestOf(mine) };
      const standing = await findRequest(generationId);
      switch (standing.kind) {
        case 'erased':
          return standing;
        case 'missing':
          throw new StorageError('storage.unavailable', `could not read '${key}', which S3 had refused to write again`, { reached: 'yes' });
        case 'found':
          // An earlier run wrote it, maybe the first send of this very write; its salt stands.
          if (!isDeepStrictEqual(standing.kept.request, mine.request)) throw corrupt(key, 'it holds another request of the same id');
          return { kind: 'kept', requestDigest: standing.requestDigest };
        default:
          return standing satisfies never;
      }
    },
  };
}

/** Returns the digest of a request. A guess of the request can be confirmed only with its salt. */
const digestOf = ({ salt, request }: KeptRequest): string =>
  createHash('sha256')
    .update(`${salt}\n${JSON.stringify(request)}`)
    .digest('hex');

function parseObject(key: string, text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw corrupt(key, 'it is not JSON', error);
  }
  const parsed = requestObjectSchema.safeParse(value);
  // Its paths only: the content may be a prompt.
  if (!parsed.success) throw corrupt(key, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  return parsed.data;
}

const corrupt = (key: string, why: string, cause?: unknown): StorageError =>
  new StorageError('storage.corrupt-record', `'${key}' is corrupt: ${why}`, { cause, reached: 'yes', details: { key } });
