import { expect, test } from 'vitest';
import { parseRetryAfter } from './retry-after.ts';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

test.each([
  ['0', 0],
  ['7', 7000],
  [' 1.5 ', 1500],
  ['3600', 60_000],
  ['Sun, 22 Nov 2026 12:00:05 GMT', 5000],
  ['Sun, 22 Nov 2026 11:59:00 GMT', 0],
  ['Mon, 23 Nov 2026 12:00:00 GMT', 60_000],
])('"%s" is a wait of %i ms', (header, waitMs) => {
  expect(parseRetryAfter(header, NOW, 60_000)).toBe(waitMs);
});

test.each([[undefined], [null], [''], ['soon']])('%s is no wait', (header) => {
  expect(parseRetryAfter(header, NOW, 60_000)).toBeUndefined();
});
