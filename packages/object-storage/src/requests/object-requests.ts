import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';

/**
 * The requests to S3 that each image makes. Tried at most twice; they throw errors of the form of the AWS SDK (name of the S3 code,
 * `$metadata`), which `storage-error.ts` reads.
 */
export interface ObjectRequests {
  /** Begins to read an object. The caller reads or destroys the body. @throws an error "NoSuchKey" for a missing object */
  get(key: string, signal: AbortSignal): Promise<OpenedObject>;
  /** Writes an object. @param write `isOnce`: fails with HTTP 412 if one exists. */
  put(key: string, write: ObjectWrite, signal: AbortSignal): Promise<void>;
  /** Presigns a URL for one bare PUT, which requires the host header alone. */
  presignPut(key: string, expiresInSeconds: number, now: number): Promise<string>;
  close(): void;
}

export interface OpenedObject {
  /** Size that the server announces; 0 if it announces none. */
  announcedBytes: number;
  body: Readable;
}

export interface ObjectWrite {
  body: Uint8Array;
  contentType: string;
  isOnce: boolean;
  /** SHA-256 of the body in hexadecimal digits, if the caller has computed it. */
  sha256?: string | undefined;
}

/** Material of which requests are made. */
export interface RequestsParts {
  client: S3Client;
  /** Signs URLs for the address at which others reach the bucket. */
  presigner: S3Client;
  bucket: string;
  /** Most connections at once. */
  connections: number;
  connectTimeoutMs: number;
}

export type CreateRequests = (parts: RequestsParts) => ObjectRequests;
