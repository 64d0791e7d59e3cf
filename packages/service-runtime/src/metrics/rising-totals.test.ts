import { expect, test } from 'vitest';
import { createRisingTotals } from './rising-totals.ts';

test('a total that its store forgot in part never falls, and rises with each new count', () => {
  const { follow } = createRisingTotals();
  expect([5, 6, 4, 4, 5, 0, 1].map((total) => follow('a', total))).toEqual([5, 6, 6, 6, 7, 7, 8]);
  expect(follow('b', 2)).toBe(2);
});
