import { expect, test } from 'vitest';
import type { CrashPoint } from './order.ts';
import { describePoint } from './points.ts';
import { chooseSlice, SLICES, takeSlice } from './slice.ts';

const pointsOf = (count: number): CrashPoint[] =>
  Array.from({ length: count }, (_, at) => ({ request: `request ${at}`, occurrence: 1, moment: at % 2 === 0 ? 'before' : 'after' }));
const slices = Array.from({ length: SLICES }, (_, at) => at + 1);

test('each of many points is in exactly one slice, in the order of the golden run, and no slice is much larger than another', () => {
  const points = pointsOf(800);
  const taken = slices.map((slice) => takeSlice(points, slice));
  expect(taken.flat().map(describePoint).toSorted()).toEqual(points.map(describePoint).toSorted());
  for (const slice of taken) {
    expect(slice).toEqual(points.filter((point) => slice.includes(point)));
    expect(slice.length).toBeGreaterThan(30);
  }
});

test('a point is in the same slice whatever the other points are', () => {
  const points = pointsOf(200);
  const [slice, ofFewer] = [takeSlice(points, 2), takeSlice(points.slice(50), 2)];
  expect(ofFewer).toEqual(slice.filter((point) => points.indexOf(point) >= 50));
});

test('every slice of a scenario with few points holds some of them, and all slices together hold all', () => {
  for (let count = 2; count < 24; count += 1) {
    const points = pointsOf(count);
    const taken = slices.map((slice) => takeSlice(points, slice));
    for (const slice of taken) expect(slice.length).toBeGreaterThanOrEqual(1);
    expect(new Set(taken.flat())).toEqual(new Set(points));
  }
  expect(takeSlice(pointsOf(1), 1)).toHaveLength(1);
});

test('the tree of the last commit chooses the slice, and trees choose every slice', () => {
  const trees = Array.from({ length: 160 }, (_, at) => ((at * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0'));
  const chosen = trees.map((tree) => chooseSlice(undefined, tree).slice);
  expect(trees.map((tree) => chooseSlice(undefined, tree).slice)).toEqual(chosen);
  expect(new Set(chosen)).toEqual(new Set(slices));
});

test('the environment may choose a slice, and only one that exists', () => {
  expect(chooseSlice('3', 'ffff').slice).toBe(3);
  for (const wrong of ['0', `${SLICES + 1}`, '1.5', 'all', '']) expect(() => chooseSlice(wrong, 'ffff')).toThrow(RangeError);
});

test('without a git repository chance chooses a slice', () => {
  expect(slices).toContain(chooseSlice(undefined, undefined).slice);
});
