import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StorageError } from '@darkroom/contracts';
import { expect, onTestFinished, test } from 'vitest';
import { buildGeneration, buildImage, buildVerifiedImage } from '../../test/build-generation.ts';
import { saveImages } from './save-images.ts';

const bytes = Buffer.from('an image');

async function setup(status: number) {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-images-'));
  const server = createServer((_request, response) => response.writeHead(status).end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  return { folder, storage: { presignRead: async (key: string) => `http://127.0.0.1:${port}/${key}?signature=secret` } };
}

const generationOf = (sha256: string) =>
  buildGeneration({ images: [buildImage({ status: 'succeeded', image: buildVerifiedImage({ sizeBytes: bytes.length, sha256 }) })] });

const sha256 = createHash('sha256').update(bytes).digest('hex');

test('an image with its verified hash is saved under the random end of its id', async () => {
  const { folder, storage } = await setup(200);
  const file = path.join(folder, 'a5ef10fe-0.jpg');
  expect(await saveImages(generationOf(sha256), storage, folder)).toMatchObject([{ kind: 'saved', file }]);
  expect(readFileSync(file)).toEqual(bytes);
});

test('bytes with another hash are not saved', async () => {
  const { folder, storage } = await setup(200);
  expect(await saveImages(generationOf('0'.repeat(64)), storage, folder)).toMatchObject([{ kind: 'differs' }]);
});

test('the error about an image that cannot be read does not contain the presigned URL', async () => {
  const { folder, storage } = await setup(403);
  const error = await saveImages(generationOf(sha256), storage, folder).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StorageError);
  expect(String(error)).toBe('StorageError: cannot read "images/0-1.jpg": S3 answered 403');
});
