import { describe, expect, test } from 'vitest';
import { expectedDimensions, fitsDimensions } from './dimensions.ts';
import { parseGrokImagineRequest } from './parse.ts';
import { sizes } from './sizes.ts';

const inputs = { referenceImages: ['c62f6951-f37f-4019-a51c-0ed55c202732'] };
const expected = (geometry: object) => expectedDimensions(parseGrokImagineRequest({ positivePrompt: 'a cat', ...geometry }));

describe('expectedDimensions', () => {
  test.each([{}, { inputs }])('a size that was asked for is the size that comes', (rest) => {
    const dimensions = expected({ width: 1280, height: 896, ...rest });
    expect(dimensions).toEqual({ kind: 'exact', width: 1280, height: 896 });
    expect(fitsDimensions(dimensions, { width: 1280, height: 896 })).toBe(true);
    expect(fitsDimensions(dimensions, { width: 896, height: 1280 })).toBe(false);
  });

  test.each([{}, { resolution: '1K' }])('without a size one of the 13 comes', (geometry) => {
    const dimensions = expected(geometry);
    expect(dimensions).toEqual({ kind: 'one-of', sizes });
    expect(fitsDimensions(dimensions, { width: 704, height: 1408 })).toBe(true);
    expect(fitsDimensions(dimensions, { width: 704, height: 1400 })).toBe(false);
  });

  test.each([{ inputs }, { inputs, resolution: '1K' }])('after reference images any ratio comes, within bounds', (geometry) => {
    const dimensions = expected(geometry);
    expect(dimensions.kind).toBe('bounded');
    expect(fitsDimensions(dimensions, { width: 2048, height: 512 })).toBe(true);
    expect(fitsDimensions(dimensions, { width: 1, height: 1 })).toBe(false);
    expect(fitsDimensions(dimensions, { width: 1024, height: 20_000 })).toBe(false);
  });
});
