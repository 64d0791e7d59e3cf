import { expect, test } from 'vitest';
import { compareRuns, quantileOf, spreadOf } from './spread.ts';

test('the median of an even number of runs lies between the middle two', () => {
  expect(spreadOf([4, 1, 3, 10])).toEqual({ median: 3.5, min: 1, max: 10 });
  expect(spreadOf([4, 1, 3])).toEqual({ median: 3, min: 1, max: 4 });
});

test('no figure is no spread', () => {
  expect(() => spreadOf([])).toThrow(RangeError);
});

test('a difference counts only if no run of one side reaches the other, and it is more than the noise', () => {
  expect(compareRuns([10, 11, 10.5], [12, 13, 12.5], 5)).toMatchObject({ isOutsideNoise: true });
  expect(compareRuns([10, 11, 12.2], [12, 13, 12.5], 5)).toMatchObject({ isOutsideNoise: false });
  expect(compareRuns([10, 10.1, 10.2], [10.3, 10.4, 10.5], 5)).toMatchObject({ isOutsideNoise: false });
  expect(compareRuns([10, 10, 10], [8, 8, 8], 5).percent).toBeCloseTo(-20);
});

test('a quantile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_, at) => at);
  expect(quantileOf(values, 0.5)).toBe(50);
  expect(quantileOf(values, 0.99)).toBe(99);
  expect(quantileOf([7], 0.99)).toBe(7);
});
