import { describe, expect, test } from 'vitest';
import { findSize, isSupportedSize, sizeOfRatio, sizes } from './sizes.ts';

describe('sizes', () => {
  test('are the 13 of the page', () => {
    expect(sizes.map(({ width, height }) => `${width}x${height}`)).toEqual([
      '1024x1024',
      '896x1280',
      '1280x896',
      '768x1408',
      '1408x768',
      '864x1296',
      '1296x864',
      '576x1248',
      '1248x576',
      '576x1280',
      '1280x576',
      '704x1408',
      '1408x704',
    ]);
  });

  // The model rounds the sides: 896x1280 is the page's "3:4" and 5 % off it.
  test.each(Object.entries(sizeOfRatio))('the size of %s is near that ratio', (ratio, { width, height }) => {
    const [across = 0, down = 0] = ratio.split(':').map(Number);
    expect(Math.abs(width / height / (across / down) - 1)).toBeLessThan(0.08);
  });

  test('does not find any other size', () => {
    expect(findSize(1408, 704)).toEqual({ width: 1408, height: 704 });
    expect(findSize(1024, 896)).toBeUndefined();
    expect(isSupportedSize({ width: 1280, height: 896 })).toBe(true);
    expect(isSupportedSize({ width: 1000, height: 1000 })).toBe(false);
  });
});
