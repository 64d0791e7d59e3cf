import { createHash } from 'node:crypto';
import { checkGrokImagineRequest } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { drawPng, setupImages } from './images-world.ts';

test('bytes, a data URI and base64 of one image give the same reference', async () => {
  await using world = await setupImages();
  const bytes = await drawPng();
  const base64 = bytes.toString('base64');
  const reference = `darkroom:inputs/${createHash('sha256').update(bytes).digest('hex')}`;
  for (const image of [bytes, new Uint8Array(bytes), `data:image/png;base64,${base64}`, base64]) {
    expect(await world.images.putReferenceImage(image)).toBe(reference);
  }
  expect(checkGrokImagineRequest({ positivePrompt: 'x', inputs: { referenceImages: [reference] } })).toEqual([]);
  const url = await world.storage.presignInput(reference.slice(-64), 60);
  const response = await fetch(url, { headers: { connection: 'close' } });
  expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
});

test.each([
  ['an address', 'https://example.org/1.jpg', 'must be bytes, a data URI of an image in base64, or base64'],
  ['a page', 'data:text/html;base64,PGI+', 'must be bytes, a data URI of an image in base64, or base64'],
  [
    'text in base64',
    Buffer.from('no image at all, only words, and many of them').toString('base64'),
    'must be a complete JPG, PNG or WEBP',
  ],
  ['nothing', new Uint8Array(), 'must be a complete JPG, PNG or WEBP'],
  ['too many bytes', new Uint8Array(2049), 'of at most 2048 bytes'],
  ['too many bytes as text', 'A'.repeat(4096), 'must have at most 2048 bytes'],
])('%s is refused, and nothing is written', async (_what, image, message) => {
  await using world = await setupImages({ maxReferenceImageBytes: 2048 });
  await expect(world.images.putReferenceImage(image)).rejects.toMatchObject({
    code: 'request.invalid',
    message: expect.stringContaining(message),
  });
  expect(world.s3.countOf('PutObject')).toBe(0);
});

test('refuses a truncated image', async () => {
  await using world = await setupImages();
  const bytes = await drawPng();
  await expect(world.images.putReferenceImage(bytes.subarray(0, bytes.length - 12))).rejects.toMatchObject({ code: 'request.invalid' });
});

test('reports that S3 is away, and the image can be put again', async () => {
  await using world = await setupImages();
  await world.s3.stop();
  await expect(world.images.putReferenceImage(await drawPng())).rejects.toMatchObject({ code: 'storage.unavailable', retryable: true });
});
