import { describe, expect, test } from 'vitest';
import { fitsDimensions } from '../dimensions.ts';
import { expectedDimensions } from './dimensions.ts';
import { parseGrokImagineRequest } from './parse.ts';
import { sizes } from './sizes.ts';

const inputs = { referenceImages: ['c62f6951-f37f-4019-a51c-0ed55c202732'] };
const expected = (geometry: object) => expectedDimensions(parseGrokImagineRequest({ positivePrompt: 'a cat', ...geometry }));

describe('expectedDimensions', () => {
  test.each([{}, { inputs }])('expects the requested size', (rest) => {
    const dimensions = expected({ width: 1280, height: 896, ...rest });
    expect(dimensions).toEqual({ kind: 'exact', width: 1280, height: 896 });
    expect(fitsDimensions(dimensions, { width: 1280, height: 896 })).toBe(true);
    expect(fitsDimensions(dimensions, { width: 896, height: 1280 })).toBe(false);
  });

  test.each([{}, { resolution: '1K' }])('expects one of the 13 sizes without a requested size', (geometry) => {
    const dimensions = expected(geometry);
    expect(dimensions).toEqual({ kind: 'one-of', sizes });
    expect(fitsDimensions(dimensions, { width: 704, height: 1408 })).toBe(true);
    expect(fitsDimensions(dimensions, { width: 704, height: 1400 })).toBe(false);
  });

  test.each([{ inputs }, { inputs, resolution: '1K' }])('expects any ratio within bounds after reference images', (geometry) => {
    const dimensions = expected(geometry);
    expect(dimensions.kind).toBe('bounded');
    expect(fitsDimensions(dimensions, { width: 2048, height: 512 })).toBe(true);
    expect(fitsDimensions(dimensions, { width: 1, height: 1 })).toBe(false);
    expect(fitsDimensions(dimensions, { width: 1024, height: 20_000 })).toBe(false);
  });
});
