import { createHash } from 'node:crypto';
import { createRunware } from '@runware/ai-sdk-provider';
import { generateImage } from 'ai';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { setup, type World } from './world.ts';

/** A model for a client that does not know of the emulator: Runware's published provider for the AI SDK. */
const MODEL = 'xai:grok-imagine@image';

// The provider reports its whole answer, with the image, as a warning, which the AI SDK would print.
beforeAll(() => void vi.stubGlobal('AI_SDK_LOG_WARNINGS', false));
afterAll(() => void vi.unstubAllGlobals());

const clientOf = ({ emulator }: World, apiKey = 'key') =>
  createRunware({
    apiKey,
    baseURL: `${emulator.url}/v1`,
    // Without keep-alive: the default `fetch` would leave connections open after a test.
    fetch: (input, init) => fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), connection: 'close' } }),
  });

describe('the provider of Runware for the AI SDK', () => {
  test('gets the image on the bill, in the requested size', async () => {
    const world = await setup();
    const { image } = await generateImage({
      model: clientOf(world).image(MODEL),
      prompt: 'a lighthouse at dusk',
      size: '1280x896',
      maxRetries: 0,
    });
    expect(await sharp(image.uint8Array).metadata()).toMatchObject({ width: 1280, height: 896, format: 'png' });
    expect(await world.billOf('execution')).toMatchObject([
      { costUsd: '0.02', images: [{ sha256: createHash('sha256').update(image.uint8Array).digest('hex') }] },
    ]);
  });

  test('gets all requested images from one task', async () => {
    const world = await setup();
    const { images } = await generateImage({
      model: clientOf(world).image(MODEL, { maxImagesPerCall: 4 }),
      prompt: 'a lighthouse',
      size: '1024x1024',
      n: 3,
      maxRetries: 0,
    });
    expect(new Set(images.map(({ base64 }) => base64)).size).toBe(3);
    expect(await world.billOf('execution')).toMatchObject([{ costUsd: '0.06' }]);
  });

  test.each(['URL', 'base64Data', 'dataURI'] as const)('reads an image as %s, in the requested format', async (outputType) => {
    const world = await setup();
    const { image } = await generateImage({
      model: clientOf(world).image(MODEL, { outputType, outputFormat: 'WEBP', outputQuality: 40 }),
      prompt: 'a lighthouse',
      size: '576x1248',
      maxRetries: 0,
    });
    expect(await sharp(image.uint8Array).metadata()).toMatchObject({ width: 576, height: 1248, format: 'webp' });
  });

  test('gets an error for an unsupported size, an unknown parameter and a wrong key', async () => {
    const world = await setup();
    const generate = (apiKey: string, size: `${number}x${number}`, settings = {}) =>
      generateImage({ model: clientOf(world, apiKey).image(MODEL, settings), prompt: 'a lighthouse', size, maxRetries: 0 });
    await expect(generate('key', '1000x1000')).rejects.toMatchObject({ statusCode: 400 });
    await expect(generate('key', '1024x1024', { steps: 30 })).rejects.toMatchObject({ statusCode: 400 });
    await expect(generate('another', '1024x1024')).rejects.toMatchObject({ statusCode: 401 });
    expect(await world.billOf('execution')).toEqual([]);
  });
});
