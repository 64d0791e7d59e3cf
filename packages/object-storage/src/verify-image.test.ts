import { createHash } from 'node:crypto';
import { createGenerationId, type OutputFormat } from '@darkroom/contracts';
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { verifiedImageOf, verifyImage, type ImageExpectation } from './verify-image.ts';

const WIDTH = 576;
const HEIGHT = 1248;

/** Noise, so that a file has a body after its header. */
function draw(format: OutputFormat, { width = WIDTH, height = HEIGHT, progressive = false, thumbnail = false } = {}): Promise<Buffer> {
  const pixels = Buffer.alloc((width >> 3) * (height >> 3) * 3, 0).map((_, at) => (at * 7919) % 251);
  const image = sharp(pixels, { raw: { width: width >> 3, height: height >> 3, channels: 3 } }).resize(width, height, {
    kernel: 'nearest',
    fit: 'fill',
  });
  const described = thumbnail ? image.withExif({ IFD0: { Copyright: 'a photographer' } }) : image;
  return (format === 'JPG' ? described.jpeg({ progressive }) : format === 'PNG' ? described.png() : described.webp()).toBuffer();
}

const exact = (format: OutputFormat): ImageExpectation => ({ format, dimensions: { kind: 'exact', width: WIDTH, height: HEIGHT } });
const formats: [OutputFormat, string][] = [
  ['JPG', 'image/jpeg'],
  ['PNG', 'image/png'],
  ['WEBP', 'image/webp'],
];

test.each(formats)('a complete %s is valid', async (format, contentType) => {
  const bytes = await draw(format);
  const verdict = verifyImage(bytes, exact(format));
  expect(verdict).toEqual({
    kind: 'valid',
    format,
    contentType,
    width: WIDTH,
    height: HEIGHT,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
});

test('a progressive JPG and one with an additional header are valid', async () => {
  expect(verifyImage(await draw('JPG', { progressive: true }), exact('JPG')).kind).toBe('valid');
  expect(verifyImage(await draw('JPG', { thumbnail: true }), exact('JPG')).kind).toBe('valid');
});

test.each(formats)('a %s inside a larger buffer is valid', async (format) => {
  const bytes = await draw(format);
  const larger = new Uint8Array(bytes.length + 20);
  larger.set(bytes, 7);
  expect(verifyImage(larger.subarray(7, 7 + bytes.length), exact(format)).kind).toBe('valid');
});

test.each(formats)('a %s with bytes after its end is valid', async (format) => {
  const bytes = await draw(format);
  for (const tail of [Buffer.alloc(64), Buffer.from('trailing text'), Buffer.from([0xff])]) {
    expect(verifyImage(Buffer.concat([bytes, tail]), exact(format)).kind).toBe('valid');
  }
});

test.each(formats)('a %s truncated anywhere is invalid', async (format) => {
  const bytes = await draw(format);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (length) => {
      expect(verifyImage(bytes.subarray(0, length), exact(format)).kind).toBe('invalid');
    }),
    { examples: [[bytes.length - 1], [bytes.length - 2]] },
  );
});

test('a truncated JPG is invalid although its header holds an end marker', async () => {
  const bytes = await draw('JPG');
  // An application segment of a camera, with a thumbnail that ends like the image.
  const thumbnail = Buffer.concat([Buffer.from([0xff, 0xe1, 0x00, 0x08]), Buffer.from([0xff, 0xd8, 0xff, 0xda, 0xff, 0xd9])]);
  const whole = Buffer.concat([bytes.subarray(0, 2), thumbnail, bytes.subarray(2)]);
  expect(verifyImage(whole, exact('JPG')).kind).toBe('valid');
  expect(verifyImage(whole.subarray(0, whole.length >> 1), exact('JPG'))).toMatchObject({ kind: 'invalid', reason: 'incomplete' });
});

test('a file that ends before its first pixel is invalid', async () => {
  const jpg = await draw('JPG');
  const png = await draw('PNG');
  const startOfScan = jpg.lastIndexOf(Buffer.from([0xff, 0xda]));
  const firstPixels = png.indexOf('IDAT') - 4;
  const hollowJpg = Buffer.concat([jpg.subarray(0, startOfScan), Buffer.from([0xff, 0xd9])]);
  const hollowPng = Buffer.concat([png.subarray(0, firstPixels), png.subarray(png.length - 12)]);
  expect(verifyImage(hollowJpg, exact('JPG'))).toMatchObject({ kind: 'invalid', reason: 'incomplete' });
  expect(verifyImage(hollowPng, exact('PNG'))).toMatchObject({ kind: 'invalid', reason: 'incomplete' });
});

test('a PNG with a damaged pixel is invalid', async () => {
  const bytes = await draw('PNG');
  const damaged = Buffer.from(bytes);
  const middle = bytes.length >> 1;
  damaged[middle] = 0xff & ~(bytes[middle] ?? 0);
  expect(verifyImage(damaged, exact('PNG'))).toMatchObject({ kind: 'invalid', reason: 'incomplete' });
});

test('an unexpected format is invalid', async () => {
  expect(verifyImage(await draw('PNG'), exact('JPG'))).toMatchObject({ kind: 'invalid', reason: 'wrong-format' });
});

test('an unexpected size is invalid', async () => {
  const bytes = await draw('WEBP', { width: 1024, height: 1024 });
  expect(verifyImage(bytes, exact('WEBP'))).toMatchObject({
    kind: 'invalid',
    reason: 'wrong-dimensions',
    detail: '1024x1024 instead of 576x1248',
  });
  expect(verifyImage(bytes, { format: 'WEBP', dimensions: { kind: 'one-of', sizes: [{ width: 1024, height: 1024 }] } }).kind).toBe('valid');
  expect(verifyImage(bytes, { format: 'WEBP', dimensions: { kind: 'bounded', minSide: 64, maxSide: 1024 } }).kind).toBe('valid');
  expect(verifyImage(bytes, { format: 'WEBP', dimensions: { kind: 'bounded', minSide: 64, maxSide: 1023 } })).toMatchObject({
    reason: 'wrong-dimensions',
  });
});

test.each([
  ['nothing', Buffer.alloc(0), 'too-small'],
  ['a few bytes', Buffer.from([0xff, 0xd8, 0xff]), 'too-small'],
  ['a page', Buffer.from(`<!doctype html><title>403 Forbidden</title>${' '.repeat(100)}`), 'not-an-image'],
  ['zeros', Buffer.alloc(1000), 'not-an-image'],
  ['a start without a header', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(1000)]), 'unreadable-header'],
])('%s is no image', (_name, bytes, reason) => {
  expect(verifyImage(bytes, exact('JPG'))).toMatchObject({ kind: 'invalid', reason });
});

test('a file over the limit is invalid whatever its content', async () => {
  const bytes = await draw('PNG');
  expect(verifyImage(bytes, { ...exact('PNG'), maxSizeBytes: bytes.length - 1 })).toMatchObject({ kind: 'invalid', reason: 'too-large' });
});

test('neither throws nor hangs on any bytes', async () => {
  const starts = await Promise.all(formats.map(async ([format]) => (await draw(format)).subarray(0, 400)));
  const hostile = fc.tuple(fc.constantFrom(Buffer.alloc(0), ...starts), fc.nat(400), fc.uint8Array({ maxLength: 600 }));
  fc.assert(
    fc.property(hostile, fc.constantFrom(...formats), ([start, kept, rest], [format]) => {
      expect(['valid', 'invalid']).toContain(verifyImage(Buffer.concat([start.subarray(0, kept), rest]), exact(format)).kind);
    }),
    { numRuns: 1000 },
  );
});

test('the description of a verified image names its final key', async () => {
  const ref = { generationId: createGenerationId(Date.UTC(2026, 10, 22)), index: 1, n: 2 };
  const verdict = verifyImage(await draw('JPG'), exact('JPG'));
  if (verdict.kind !== 'valid') throw new Error(verdict.detail);
  const { kind: _kind, ...rest } = verdict;
  expect(verifiedImageOf(ref, verdict)).toEqual({ key: `images/2026/11/22/${ref.generationId}/1-2.jpg`, ...rest });
});
