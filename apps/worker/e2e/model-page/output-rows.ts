import { contentTypeOf, outputFormats } from '@darkroom/contracts';
import sharp from 'sharp';
import { expect } from 'vitest';
import type { Rows } from './row.ts';
import { bytesOf, expectWhole, request, verified } from './world.ts';

/** The rows about the output. */
export const outputRows: Rows = {
  'outputType: the response holds an address, base64 or a data URI of the same verified bytes': async (world) => {
    const fields = { URL: 'imageURL', base64Data: 'imageBase64Data', dataURI: 'imageDataURI' } as const;
    const types = ['URL', 'base64Data', 'dataURI'] as const;
    const made = await world.makeAll([request, ...types.map((outputType) => ({ ...request, outputType }))]);
    for (const [at, each] of made.entries()) {
      await expectWhole(world, each);
      const item = each.items[0]!;
      expect(Object.keys(item).filter((key) => /^image(URL|Base64Data|DataURI)$/.test(key))).toEqual([fields[types[at - 1] ?? 'URL']]);
      // Darkroom always buys an address, for the case that the upload fails.
      expect(await world.sent(each.generation.images[0]!.taskUUID)).toMatchObject({ outputType: 'URL' });
    }
    expect(made[3]!.items[0]!.imageDataURI).toMatch(/^data:image\/jpeg;base64,/);
  },

  'outputFormat: the bucket serves a JPG, PNG or WEBP with its content type': async (world) => {
    const made = await world.makeAll([request, ...outputFormats.map((outputFormat) => ({ ...request, outputFormat }))]);
    const formats = { JPG: 'jpeg', PNG: 'png', WEBP: 'webp' } as const;
    for (const [at, each] of made.entries()) {
      await expectWhole(world, each);
      const format = outputFormats[at - 1] ?? 'JPG';
      const { type, bytes } = await bytesOf(each.items[0]!);
      expect(type).toBe(contentTypeOf(format));
      expect((await sharp(bytes).metadata()).format).toBe(formats[format]);
      expect(verified(each.generation.images[0])).toMatchObject({ format, contentType: type, sizeBytes: bytes.length });
    }
  },

  'outputQuality: a lower quality makes a smaller file': async (world) => {
    const { positivePrompt, width, height } = request;
    const plain = { positivePrompt, width, height };
    const orders = [20, 99].flatMap((outputQuality) => [
      { ...plain, outputQuality, outputFormat: 'JPG' as const },
      { ...plain, outputQuality, outputFormat: 'WEBP' as const },
    ]);
    const made = await world.makeAll([...orders, plain]);
    for (const each of made) await expectWhole(world, each);
    const [lowJpg = 0, lowWebp = 0, highJpg = 0, highWebp = 0] = made.map(({ generation }) => verified(generation.images[0]).sizeBytes);
    expect(lowJpg * 1.2).toBeLessThan(highJpg);
    expect(lowWebp * 1.2).toBeLessThan(highWebp);
    const sent = await Promise.all(made.map(({ generation }) => world.sent(generation.images[0]!.taskUUID)));
    expect(sent.map(({ outputQuality }) => outputQuality)).toEqual([20, 20, 99, 99, 95]);
  },

  'ttl: the address expires after it, and the image does not': async (world) => {
    const made = await world.makeAll([request, { ...request, ttl: 60 }, { ...request, ttl: 30 * 86_400 }]);
    for (const [at, seconds] of [3600, 60, 7 * 86_400].entries()) {
      const each = made[at]!;
      await expectWhole(world, each);
      const askedAt = Date.now();
      const { imageURL, expiresAt = 0 } = await world.images.read(each.generation, 0);
      expect(new URL(imageURL ?? '').searchParams.get('X-Amz-Expires')).toBe(String(seconds));
      expect(Math.abs(expiresAt - askedAt - seconds * 1000)).toBeLessThan(5000);
      // Runware gets the time in which Darkroom may fetch the image: the settle horizon.
      expect(await world.sent(each.generation.images[0]!.taskUUID)).toMatchObject({ ttl: 86_400 });
    }
    const base64 = { ...request, outputType: 'base64Data' as const, ttl: 60 };
    await expect(world.producer.enqueue(base64)).rejects.toMatchObject({ problems: [{ path: 'ttl' }] });
  },

  'includeCost: the response holds the cost if it is true, and the record always does': async (world) => {
    const made = await world.makeAll([request, { ...request, includeCost: true }, { ...request, includeCost: false }]);
    for (const [at, each] of made.entries()) {
      await expectWhole(world, each);
      expect(each.items[0]?.cost).toBe(at === 1 ? 0.02 : undefined);
      expect(each.generation.images[0]).toMatchObject({ costUsd: '0.02' });
    }
  },

  'safety.checkContent: the provider checks the content, and record and response hold the flag': async (world) => {
    const prompts = ['a quiet harbour', 'something nsfw'];
    for (const checkContent of [true, false]) {
      const made = await world.makeAll(prompts.map((positivePrompt) => ({ ...request, positivePrompt, safety: { checkContent } })));
      for (const [at, each] of made.entries()) {
        await expectWhole(world, each);
        const flag = checkContent ? at === 1 : undefined;
        expect(each.generation.images[0]?.nsfwContent).toBe(flag);
        expect(each.items[0]?.NSFWContent).toBe(flag);
        const mode = checkContent ? 'fast' : 'none';
        expect(await world.sent(each.generation.images[0]!.taskUUID)).toMatchObject({ safety: { checkContent, mode } });
      }
    }
  },

  'safety.mode: fast checks and none does not': async (world) => {
    const positivePrompt = 'something nsfw';
    const made = await world.makeAll([
      { ...request, positivePrompt, safety: { mode: 'fast' } },
      { ...request, positivePrompt, safety: { mode: 'none' } },
      { ...request, positivePrompt },
    ]);
    for (const each of made) await expectWhole(world, each);
    expect(made.map(({ items }) => items[0]?.NSFWContent)).toEqual([true, undefined, undefined]);
    expect(made.map(({ generation }) => generation.images[0]?.nsfwContent)).toEqual([true, undefined, undefined]);
  },
};
