import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { defined } from '@darkroom/contracts';
import { startS3Server, type S3Credentials, type S3Features, type S3Lacks, type S3RequestLog } from '@darkroom/local-stack';

export interface TestS3Options {
  readonly bucket?: string;
  readonly region?: string;
  /** Returns the time in milliseconds since 1970 against which the server checks signatures; the system's when absent. */
  readonly clock?: () => number;
  /** Features that the server lacks. */
  readonly lacks?: S3Lacks;
  /** Versioning, object lock and replication, as the server answers questions about the bucket. */
  readonly features?: S3Features;
  /** Returns the delay of an answer, in milliseconds; called for each request. */
  readonly delayMs?: () => number;
  /** Random when absent. */
  readonly credentials?: S3Credentials;
}

/** An S3 of the test's own, with one empty bucket. */
export interface TestS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Folder of its objects. */
  readonly dir: string;
  readonly credentials: S3Credentials;
  /** Every answered request so far, in order. */
  readonly requests: readonly S3RequestLog[];
  /** Returns the number of requests for an operation ("PutObject", "GetObject", …), answered or refused. */
  countOf(operation: string): number;
  /** Writes an object over the old one, as a foreign program with a key may. */
  put(key: string, body: string | Uint8Array): Promise<void>;
  /** Restarts the server at the same address with another key, and refuses the first one from then on. */
  exchangeKey(credentials: S3Credentials): Promise<void>;
  /** Stops the server and removes its files. A second call does nothing. */
  stop(): Promise<void>;
}

/** Starts an S3 server on loopback, in a new folder, with random credentials. */
export async function startTestS3({
  bucket = 'darkroom-test',
  region = 'us-east-1',
  clock,
  lacks = {},
  features = {},
  delayMs = () => 0,
  credentials = { accessKeyId: `test${randomBytes(8).toString('hex')}`, secretAccessKey: randomBytes(20).toString('hex') },
}: TestS3Options = {}): Promise<TestS3> {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-test-s3-'));
  const requests: S3RequestLog[] = [];
  const start = (key: S3Credentials, port?: number) =>
    startS3Server({
      dir,
      credentials: key,
      region,
      buckets: [bucket],
      lacks,
      features,
      disturb: () => ({ delayMs: delayMs(), refuses: 'nothing' }),
      ...defined({ clock, port }),
      onRequest: (request) => requests.push(request),
    });
  let server = await start(credentials);
  return {
    endpoint: server.endpoint,
    region,
    bucket,
    dir,
    credentials,
    requests,
    countOf: (operation) => requests.filter((request) => request.operation === operation).length,
    put: async (key, body) => {
      const client = new S3Client({ endpoint: server.endpoint, region, credentials, forcePathStyle: true });
      try {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
      } finally {
        client.destroy();
      }
    },
    exchangeKey: async (key) => {
      await server.stop();
      server = await start(key, server.port);
    },
    stop: async () => {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
