import { describe, expect, test } from 'vitest';
import { describeGiven, describeKind } from './given.ts';

describe('a given value', () => {
  test.each([
    [undefined, 'nothing'],
    [null, 'null'],
    ['', 'a string of 0 characters'],
    ['a cat', 'a string of 5 characters'],
    [['x'], 'an array of 1 item'],
    [{ a: 1 }, 'an object'],
    [7, 'a number'],
    [10n, 'a bigint'],
  ])('is described without its content: %o', (value, words) => {
    expect(describeKind(value)).toBe(words);
  });

  test.each([
    [95.5, '95.5'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    ['95', '"95"'],
    ['jpeg', '"jpeg"'],
    ['xai:grok-imagine@video', '"xai:grok-imagine@video"'],
  ])('is repeated if it is a number, a boolean or a word: %o', (value, words) => {
    expect(describeGiven(value)).toBe(words);
  });

  test.each(['a cat on a mat', 'https://bucket.example/key?X-Amz-Signature=abc', 'x'.repeat(41)])(
    'is only described if it is text: %s',
    (value) => {
      expect(describeGiven(value)).toBe(`a string of ${value.length} characters`);
    },
  );
});
