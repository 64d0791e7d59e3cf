import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { startS3Server, type S3Disturbance } from '../src/index.ts';
import { BUCKET, REGION } from './s3-world.ts';

async function setup() {
  const dir = await mkdtemp(join(tmpdir(), 'local-stack-s3-'));
  const credentials = { accessKeyId: 'key', secretAccessKey: randomBytes(20).toString('hex') };
  const calm: S3Disturbance = { delayMs: 0, refuses: 'nothing' };
  const world = { disturbance: calm, calm, asked: 0 };
  const disturb = (): S3Disturbance => {
    world.asked += 1;
    return world.disturbance;
  };
  const server = await startS3Server({ dir, credentials, region: REGION, buckets: [BUCKET], disturb });
  const client = new S3Client({ endpoint: server.endpoint, region: REGION, credentials, forcePathStyle: true, maxAttempts: 1 });
  onTestFinished(async () => {
    client.destroy();
    await server.stop();
    await rm(dir, { recursive: true });
  });
  const keys = async () => (await client.send(new ListObjectsV2Command({ Bucket: BUCKET }))).Contents?.map(({ Key }) => Key) ?? [];
  const put = () => client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'image', Body: 'bytes' }));
  return { world, client, server, keys, put };
}

test('a refused request leaves nothing behind', async () => {
  const { world, keys, put } = await setup();
  world.disturbance = { delayMs: 0, refuses: 'the request' };
  await expect(put()).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
  world.disturbance = world.calm;
  expect(await keys()).toEqual([]);
});

test('a write refused after it was made is stored, and reads succeed', async () => {
  const { world, client, keys, put } = await setup();
  world.disturbance = { delayMs: 0, refuses: 'a write after it was made' };
  await expect(put()).rejects.toMatchObject({ name: 'SlowDown' });
  expect(await keys()).toEqual(['image']);
  const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'image' }));
  expect(await Body?.transformToString()).toBe('bytes');
});

test('a stop cuts a waiting request', async () => {
  const { world, server, put } = await setup();
  world.disturbance = { delayMs: 60_000, refuses: 'nothing' };
  const outcome = put().then(
    () => 'made',
    () => 'cut',
  );
  await expect.poll(() => world.asked).toBe(1);
  const startedAt = performance.now();
  await server.stop();
  expect(await outcome).toBe('cut');
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
