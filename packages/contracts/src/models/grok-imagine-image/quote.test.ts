import { describe, expect, test } from 'vitest';
import { parseGrokImagineRequest } from './parse.ts';
import { quote } from './quote.ts';

const quoted = (numberResults: number, references: number) =>
  quote(
    parseGrokImagineRequest(
      {
        positivePrompt: 'a cat',
        numberResults,
        inputs: { referenceImages: Array.from({ length: references }, () => 'https://images.example/a.png') },
      },
      { maxReferenceImages: 10 },
    ),
  );

describe('quote', () => {
  test('an image costs the price of the page', () => {
    expect(quoted(1, 0)).toEqual({
      imageNanoUsd: 20_000_000,
      totalNanoUsd: 20_000_000,
      imageUsd: '0.02',
      totalUsd: '0.02',
      currency: 'USD',
    });
  });

  test.each([
    { numberResults: 1, references: 1, imageUsd: '0.022', totalUsd: '0.022' },
    { numberResults: 1, references: 3, imageUsd: '0.026', totalUsd: '0.026' },
    { numberResults: 3, references: 0, imageUsd: '0.02', totalUsd: '0.06' },
    { numberResults: 7, references: 1, imageUsd: '0.022', totalUsd: '0.154' },
    { numberResults: 20, references: 10, imageUsd: '0.04', totalUsd: '0.8' },
  ])('$numberResults images of $references references cost $totalUsd', ({ numberResults, references, ...price }) => {
    expect(quoted(numberResults, references)).toMatchObject(price);
  });
});
