import { expect, test } from 'vitest';
import { agoOf, timeOf } from './time-words.ts';

test('a time is UTC, to the second', () => {
  expect(timeOf(Date.UTC(2026, 10, 22, 9, 5, 3, 999))).toBe('2026-11-22 09:05:03 UTC');
});

test.each([
  [0, '0 s ago'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3_600_000, '1 h ago'],
  [49 * 3_600_000, '2 d ago'],
  [-5, '0 s ago'],
])('%i ms are %s', (ms, words) => {
  expect(agoOf(1_000_000 - ms, 1_000_000)).toBe(words);
});
