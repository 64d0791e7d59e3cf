import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startS3Process, type S3Process, type S3ProcessOptions } from '../src/index.ts';

const BUCKET = 'pictures';
let options: S3ProcessOptions;
let server: S3Process;
let client: S3Client;

const connect = ({ endpoint }: S3Process): S3Client =>
  new S3Client({
    endpoint,
    region: options.region,
    credentials: options.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });

beforeEach(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'local-stack-s3-'));
  options = {
    dir,
    credentials: { accessKeyId: 'key', secretAccessKey: randomBytes(20).toString('hex') },
    region: 'us-east-1',
    bucket: BUCKET,
  };
  server = await startS3Process(options);
  client = connect(server);
});
afterEach(async () => {
  client.destroy();
  await server.stop();
  await rm(options.dir, { recursive: true });
});

test('a server killed under four writers has every acknowledged object, whole', async () => {
  const acknowledged = new Map<string, string>();
  const writeUntilItFails = async (writer: number): Promise<void> => {
    for (let n = 0; ; n += 1) {
      const bytes = randomBytes(50_000);
      const key = `${writer}/${n % 20}`;
      try {
        await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes }));
      } catch {
        // The kill cut this write: the key may hold the old or the new object, so the test does not count it.
        acknowledged.delete(key);
        return;
      }
      acknowledged.set(key, createHash('sha256').update(bytes).digest('hex'));
    }
  };
  const writers = [0, 1, 2, 3].map(writeUntilItFails);
  await expect.poll(() => acknowledged.size, { timeout: 10_000 }).toBeGreaterThan(60);
  await server.kill();
  await Promise.all(writers);

  client.destroy();
  server = await startS3Process(options);
  client = connect(server);
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  for (const { Key } of Contents ?? []) {
    const object = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    const bytes = await object.Body!.transformToByteArray();
    expect(object.ETag, Key).toBe(`"${createHash('md5').update(bytes).digest('hex')}"`);
    const expected = acknowledged.get(Key ?? '');
    if (expected !== undefined) expect(createHash('sha256').update(bytes).digest('hex'), Key).toBe(expected);
  }
  expect([...acknowledged.keys()].filter((key) => !Contents?.some(({ Key }) => Key === key))).toEqual([]);
});

test('the server refuses a folder that another process uses', async () => {
  await expect(startS3Process(options)).rejects.toThrow(new RegExp(`process ${server.pid} uses it`));
});

test('a process makes the trouble that the test sets, and none after a kill and a start', async () => {
  const put = () => client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'image', Body: 'bytes' }));
  server.setTrouble({ maxDelayMs: 0, refusedShare: 1 });
  await expect.poll(() => put().catch((error: unknown) => String(error))).toContain('SlowDown');
  await server.kill();
  client.destroy();
  server = await startS3Process(options);
  client = connect(server);
  await put();
});
