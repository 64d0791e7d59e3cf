import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LocalStackError } from '@darkroom/contracts';
import { startS3Server, type S3Server, type S3ServerOptions } from '../src/index.ts';
import { BUCKET, REGION, startS3World, type S3World } from './s3-world.ts';

let world: S3World;
beforeEach(async () => {
  world = await startS3World();
});
afterEach(() => world[Symbol.asyncDispose]());

const again = (more: Partial<S3ServerOptions> = {}): Promise<S3Server> =>
  startS3Server({ dir: world.dir, credentials: world.credentials, region: REGION, buckets: [BUCKET], ...more });

describe('a server that starts again on its folder', () => {
  test('has every object unchanged, on the given port', async () => {
    await world.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'kept/ü', Body: 'bytes', Metadata: { a: 'b' } }));
    await world.server.stop();
    const server = await again({ port: world.server.port });
    try {
      // The first client still holds a connection to the old server.
      const object = await world.createClient().send(new GetObjectCommand({ Bucket: BUCKET, Key: 'kept/ü' }));
      expect(await object.Body!.transformToString()).toBe('bytes');
      expect(object.Metadata).toEqual({ a: 'b' });
    } finally {
      await server.stop();
    }
  });

  test('removes what a killed one was receiving, and bytes that no object names', async () => {
    await world.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'kept', Body: 'bytes' }));
    await world.server.stop();
    const blobs = join(world.dir, 'buckets', BUCKET, 'blobs');
    await writeFile(join(world.dir, 'incoming', 'half'), 'ha');
    await writeFile(join(blobs, 'committed-but-not-named'), 'bytes');
    const server = await again();
    await server.stop();
    expect(await readdir(join(world.dir, 'incoming'))).toEqual([]);
    expect(await readdir(blobs)).toHaveLength(1);
  });

  test('refuses a folder with a foreign file under the name of an object', async () => {
    await world.server.stop();
    await writeFile(join(world.dir, 'buckets', BUCKET, 'objects', 'x.json'), '{');
    await expect(again()).rejects.toThrow(/cannot read the stored object ".*x\.json"/);
  });
});

describe('a start fails, and says why,', () => {
  test('on a folder that a living server uses', async () => {
    await expect(again()).rejects.toThrow(new RegExp(`process ${process.pid} uses it`));
  });

  test('on a taken port, and unlocks the folder', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'local-stack-s3-'));
    try {
      await expect(again({ dir, port: world.server.port })).rejects.toThrow(LocalStackError);
      const server = await again({ dir });
      await server.stop();
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('a stopped server', () => {
  test('cuts an upload under way and keeps nothing of it', async () => {
    const url = new URL(await getSignedUrl(world.client, new PutObjectCommand({ Bucket: BUCKET, Key: 'half' }), { expiresIn: 60 }));
    const socket = connect(Number(url.port), url.hostname);
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.write(`PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 1000\r\n\r\nhalf of it`);
    await expect.poll(() => readdir(join(world.dir, 'incoming'))).toHaveLength(1);
    await world.server.stop();
    await closed;
    expect(await readdir(join(world.dir, 'incoming'))).toEqual([]);
    expect(world.requests).toEqual([
      { method: 'PUT', bucket: BUCKET, key: 'half', operation: 'PutObject', status: 400, code: 'RequestTimeout' },
    ]);
  });

  test('stops once when two stops come at the same time', async () => {
    await Promise.all([world.server.stop(), world.server.stop()]);
    await world.server.stop();
    await expect(fetch(world.server.endpoint)).rejects.toThrow();
  });
});

test('a reader gets the bytes it began with while writes replace and delete the object', async () => {
  const before = Buffer.alloc(8_000_000, 'a');
  await world.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'changing', Body: before }));
  const object = await world.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'changing' }));
  await world.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'changing', Body: 'b' }));
  expect(Buffer.from(await object.Body!.transformToByteArray()).equals(before)).toBe(true);
});
