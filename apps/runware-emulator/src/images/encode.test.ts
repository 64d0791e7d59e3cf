import sharp from 'sharp';
import { sizes } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildEncoder, type Drawing } from './encode.ts';

const drawing: Drawing = { prompt: 'a lighthouse', seed: 7, width: 576, height: 1248, format: 'JPG', quality: 95 };

test('an image has the requested size and format', async () => {
  const encode = buildEncoder();
  const formats = { JPG: 'jpeg', PNG: 'png', WEBP: 'webp' } as const;
  for (const format of ['JPG', 'PNG', 'WEBP'] as const) {
    const metadata = await sharp(await encode({ ...drawing, format })).metadata();
    expect(metadata).toMatchObject({ format: formats[format], width: 576, height: 1248 });
  }
});

test('each of the 13 sizes can be drawn', async () => {
  const encode = buildEncoder();
  for (const { width, height } of sizes) {
    expect(await sharp(await encode({ ...drawing, width, height, format: 'PNG' })).metadata()).toMatchObject({ width, height });
  }
});

test('the same drawing gives the same bytes, another prompt or seed gives different ones', async () => {
  const encode = buildEncoder();
  const bytes = await encode(drawing);
  expect(await buildEncoder()(drawing)).toEqual(bytes);
  expect(await encode({ ...drawing, prompt: 'a lightship' })).not.toEqual(bytes);
  expect(await encode({ ...drawing, seed: 8 })).not.toEqual(bytes);
});

test('quality shows in the size of JPG and WEBP', async () => {
  const encode = buildEncoder();
  for (const format of ['JPG', 'WEBP'] as const) {
    const [low, high] = await Promise.all([encode({ ...drawing, format, quality: 20 }), encode({ ...drawing, format, quality: 99 })]);
    expect(low.length * 1.2, format).toBeLessThan(high.length);
  }
});

test('many images requested at once are all made, on one thread each', async () => {
  const encode = buildEncoder();
  const made = await Promise.all(Array.from({ length: 12 }, (_, seed) => encode({ ...drawing, seed, format: 'PNG' })));
  expect(new Set(made.map((bytes) => bytes.toString('base64'))).size).toBe(12);
  expect(sharp.concurrency()).toBe(1);
});
