import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFaults } from '../faults/parse-faults.ts';
import { retryDelayMs } from './retry.ts';

const faults = parseFaults({});

test('waits double from 250 ms up to 8 s', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 20].map((attempt) => retryDelayMs(faults, attempt, 0));
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test('jitter shortens a wait by at most half', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, fraction) => {
      const full = retryDelayMs(faults, attempt, 0);
      const wait = retryDelayMs(faults, attempt, fraction);
      expect(wait).toBeLessThanOrEqual(full);
      expect(wait).toBeGreaterThanOrEqual(full / 2);
    }),
  );
});
