import { describe, expect, expectTypeOf, test } from 'vitest';
import type { parameters } from './page.ts';
import { parseGrokImagineRequest } from './parse.ts';
import type { GrokImagineRequest, GrokImagineRequestInput } from './request.ts';
import { isSupportedSize, sizeOfRatio } from './sizes.ts';

/** Does nothing: the compiler, which checks this file, reports the faults of its argument. */
const write = (request: GrokImagineRequestInput): GrokImagineRequestInput => request;
const positivePrompt = 'a cat';

describe('the type of a request', () => {
  test('accepts every geometry that the page allows', () => {
    const inputs = { referenceImages: ['c62f6951-f37f-4019-a51c-0ed55c202732'] };
    const written = [
      write({ positivePrompt }),
      write({ positivePrompt, resolution: '1K' }),
      write({ positivePrompt, width: 1024, height: 1024 }),
      write({ positivePrompt, ...sizeOfRatio['16:9'] }),
      write({ positivePrompt, inputs }),
      write({ positivePrompt, inputs, resolution: '1K' }),
      write({ positivePrompt, inputs, width: 704, height: 1408 }),
    ];
    for (const request of written) expect(() => parseGrokImagineRequest(request)).not.toThrow();
  });

  test('refuses every geometry that the page refuses, and so does the parser', () => {
    const written = [
      // @ts-expect-error: not one of the 13 sizes
      write({ positivePrompt, width: 1000, height: 1000 }),
      // @ts-expect-error: both are sides of a size, not of the same one
      write({ positivePrompt, width: 1024, height: 896 }),
      // @ts-expect-error: width without height
      write({ positivePrompt, width: 1024 }),
      // @ts-expect-error: height without width
      write({ positivePrompt, height: 1024 }),
      // @ts-expect-error: resolution with width and height
      write({ positivePrompt, resolution: '1K', width: 1024, height: 1024 }),
      // @ts-expect-error: not a resolution of this model
      write({ positivePrompt, resolution: '2K' }),
    ];
    for (const request of written) expect(() => parseGrokImagineRequest(request)).toThrow();
  });

  test('refuses fields and values that the page does not have', () => {
    const written = [
      // @ts-expect-error: the prompt is required
      write({}),
      // @ts-expect-error: this model has no seed
      write({ positivePrompt, seed: 1 }),
      // @ts-expect-error: a format of other models
      write({ positivePrompt, outputFormat: 'TIFF' }),
      // @ts-expect-error: a number in quotes
      write({ positivePrompt, numberResults: '2' }),
      // @ts-expect-error: set by Darkroom
      write({ positivePrompt, webhookURL: 'https://app.example/hook' }),
      // @ts-expect-error: another model
      write({ positivePrompt, model: 'runware:101@1' }),
    ];
    for (const request of written) expect(() => parseGrokImagineRequest(request)).toThrow();
  });

  test('accepts computed sides once they are known to be a size', () => {
    const size: { width: number; height: number } = { width: 512 * 2, height: 512 * 2 };
    // @ts-expect-error: any two numbers
    write({ positivePrompt, ...size });
    expect(isSupportedSize(size) && write({ positivePrompt, ...size })).toEqual({ positivePrompt, width: 1024, height: 1024 });
  });

  test('accepts a parsed request', () => {
    expectTypeOf<GrokImagineRequest>().toExtend<GrokImagineRequestInput>();
    expectTypeOf(parseGrokImagineRequest).returns.toEqualTypeOf<GrokImagineRequest>();
    expectTypeOf<GrokImagineRequest['numberResults']>().toEqualTypeOf<number>();
    expectTypeOf<GrokImagineRequest['outputFormat']>().toEqualTypeOf<'JPG' | 'PNG' | 'WEBP'>();
  });

  test('has a field for each parameter that a caller may give', () => {
    type TopLevel<Path> = Path extends `${infer Group}.${string}` ? Group : Path;
    type Offered = Exclude<TopLevel<keyof typeof parameters>, 'webhookURL' | 'uploadEndpoint'> | 'clientReference';
    expectTypeOf<keyof GrokImagineRequestInput>().toEqualTypeOf<Offered>();
  });
});
