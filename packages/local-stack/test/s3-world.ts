import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { startS3Server, type S3RequestLog, type S3Server } from '../src/index.ts';

export const REGION = 'us-east-1';
export const BUCKET = 'pictures';

/** A server in a new folder, and an AWS SDK client. */
export interface S3World extends AsyncDisposable {
  readonly server: S3Server;
  readonly dir: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string };
  readonly requests: S3RequestLog[];
  readonly client: S3Client;
  /** Moves the server's clock, not the client's. */
  skewMs: number;
  createClient(overrides?: ConstructorParameters<typeof S3Client>[0]): S3Client;
}

export async function startS3World(): Promise<S3World> {
  const dir = await mkdtemp(join(tmpdir(), 'local-stack-s3-'));
  const credentials = { accessKeyId: 'test-key', secretAccessKey: randomBytes(20).toString('hex') };
  const requests: S3RequestLog[] = [];
  const server = await startS3Server({
    dir,
    credentials,
    region: REGION,
    buckets: [BUCKET],
    clock: () => Date.now() + world.skewMs,
    onRequest: (request) => requests.push(request),
  });
  const clients: S3Client[] = [];
  const createClient: S3World['createClient'] = (overrides = {}) => {
    const client = new S3Client({
      endpoint: server.endpoint,
      region: REGION,
      credentials,
      forcePathStyle: true,
      // As in Darkroom: with the default a presigned PUT would carry the checksum of an empty body.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      maxAttempts: 1,
      ...overrides,
    });
    clients.push(client);
    return client;
  };
  const world: S3World = {
    server,
    dir,
    credentials,
    requests,
    skewMs: 0,
    client: createClient(),
    createClient,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}
