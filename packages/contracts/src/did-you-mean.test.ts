import { describe, expect, test } from 'vitest';
import { findMeant } from './did-you-mean.ts';

const known = ['outputType', 'outputFormat', 'outputQuality', 'ttl', 'safety.mode', 'inputs.referenceImages', 'steps'];

describe('findMeant', () => {
  test.each([
    ['outputFromat', 'outputFormat'],
    ['output_format', 'outputFormat'],
    ['OUTPUTFORMAT', 'outputFormat'],
    ['outputType2', 'outputType'],
    ['tll', 'ttl'],
    ['referenceImages', 'inputs.referenceImages'],
    ['inputs.referenceImage', 'inputs.referenceImages'],
    ['inputs.outputType', 'outputType'],
    ['mode', 'safety.mode'],
    ['stepz', 'steps'],
  ])('finds the name meant by "%s"', (given, meant) => {
    expect(findMeant(given, known)).toBe(meant);
  });

  test.each(['', 'x', 'colour', 'temperature', 'tt99'])('does not guess a name for "%s"', (given) => {
    expect(findMeant(given, known)).toBeUndefined();
  });

  test('skips a name of a megabyte at once', () => {
    const startedAt = performance.now();
    expect(findMeant('outputFormat'.repeat(100_000), known)).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
