import { expect, test } from 'vitest';
import { findKeptInput, formatKeptInput } from './kept-input.ts';

test('reads back the SHA-256 of a reference to a kept image', () => {
  const sha256 = '0123456789abcdef'.repeat(4);
  expect(formatKeptInput(sha256)).toBe(`darkroom:inputs/${sha256}`);
  expect(findKeptInput(formatKeptInput(sha256))).toBe(sha256);
});

test.each(['https://example.org/darkroom:inputs/x', 'iVBORw0KGgo=', 'darkroom:images/2026/01/01/x', ''])(
  '"%s" names no kept image',
  (value) => {
    expect(findKeptInput(value)).toBeUndefined();
  },
);
