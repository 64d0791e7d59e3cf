import { createHash } from 'node:crypto';
import { checkGrokImagineRequest } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { createImages } from '../src/images/index.ts';
import { drawPng, setupImages } from './images-world.ts';

test('bytes, a data URI and base64 of one image give the same reference', async () => {
  await using world = await setupImages();
  const bytes = await drawPng();
  const base64 = bytes.toString('base64');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const reference = `darkroom:inputs/default/${sha256}`;
  for (const image of [bytes, new Uint8Array(bytes), `data:image/png;base64,${base64}`, base64]) {
    expect(await world.images.putReferenceImage(image)).toBe(reference);
  }
  expect(checkGrokImagineRequest({ positivePrompt: 'x', inputs: { referenceImages: [reference] } })).toEqual([]);
  const url = await world.storage.presignInput({ tenantPart: 'default', sha256 }, 60);
  const response = await fetch(url, { headers: { connection: 'close' } });
  expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
});

test('an image belongs to the tenant of the reader, or to the one that the call names', async () => {
  await using world = await setupImages();
  await using bound = await setupImages({ tenant: 'a@b' });
  const bytes = await drawPng();
  expect(await world.images.putReferenceImage(bytes, { tenant: 'acme' })).toMatch(/^darkroom:inputs\/acme\/[0-9a-f]{64}$/);
  expect(await bound.images.putReferenceImage(bytes, { tenant: 'a@b' })).toBe(await bound.images.putReferenceImage(bytes));
  expect(await bound.images.putReferenceImage(bytes)).toMatch(/^darkroom:inputs\/a~40b\//);
  const before = bound.s3.countOf('PutObject');
  const refusals = [
    [{ tenant: 'acme' }, /must be "a@b", the tenant of these images, or be left out, got "acme"/],
    [{ tenant: 'no tenant' }, /options\.tenant/],
    [{ tennant: 'a@b' }, /did you mean "tenant"/],
  ] as const;
  for (const [options, message] of refusals) {
    const put = bound.images.putReferenceImage(bytes, options as { tenant?: string }); // a value that the types forbid
    await expect(put).rejects.toMatchObject({ code: 'request.invalid', message: expect.stringMatching(message) });
  }
  expect(bound.s3.countOf('PutObject')).toBe(before);
  expect(() => createImages({ bucket: 'photos', tenant: 'no tenant' })).toThrow(/tenant: must be/);
});

test("another tenant's image does not exist for a request: the words are those for an unknown one", () => {
  const sha256 = '0a'.repeat(32);
  const refusalOf = (reference: string) =>
    checkGrokImagineRequest({ positivePrompt: 'x', inputs: { referenceImages: [reference] } }, { tenant: 'acme' });
  expect(refusalOf(`darkroom:inputs/acme/${sha256}`)).toEqual([]);
  const [unknown] = refusalOf('no form of the page');
  expect(unknown?.message).toMatch(/or a result of putReferenceImage for the same tenant$/);
  for (const foreign of [`darkroom:inputs/other/${sha256}`, `darkroom:inputs/${sha256}`]) {
    expect(refusalOf(foreign)).toEqual([{ ...unknown, given: `a string of ${foreign.length} characters` }]);
  }
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
