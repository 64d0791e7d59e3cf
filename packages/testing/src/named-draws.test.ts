import { expect, test } from 'vitest';
import { createDraws } from './named-draws.ts';

const many = Array.from({ length: 2000 }, (_, at) => at);

test('a draw depends only on the seed and its names, and on no earlier draw', () => {
  const orders = createDraws(7, 'orders');
  const before = orders.of(3).fraction('has-key');
  orders.of(3).fraction('another');
  orders.fraction('a new one');
  expect(orders.of(3).fraction('has-key')).toBe(before);
  expect(createDraws(7, 'orders', 3).fraction('has-key')).toBe(before);
  for (const other of [createDraws(8, 'orders', 3), createDraws(7, 'tenants', 3), createDraws(7, 'orders', 4)])
    expect(other.fraction('has-key')).not.toBe(before);
  expect(orders.of(3).fraction('images')).not.toBe(before);
});

test('a new choice changes only the draws that it wins', () => {
  const draws = createDraws(1, 'shapes');
  for (const at of many) {
    const now = draws.of(at).pick('shape', ['flat', 'array', 'envelope', 'new']);
    if (now !== 'new') expect(now).toBe(draws.of(at).pick('shape', ['flat', 'array', 'envelope']));
  }
});

test('each choice wins as often as its weight says, and a chance comes true as often as its share says', () => {
  const draws = createDraws(1, 'targets');
  const share = (holds: (at: number) => boolean): number => many.filter(holds).length / many.length;
  expect(share((at) => draws.of(at).pick('one', ['a', 'b', 'c', 'd']) === 'c')).toBeCloseTo(0.25, 1);
  expect(share((at) => draws.of(at).pickWeighted('two', [[5, 'a'], [2, 'b'], [3, 'c']]) === 'a')).toBeCloseTo(0.5, 1); // prettier-ignore
  expect(share((at) => draws.of(at).chance('three', 0.15))).toBeCloseTo(0.15, 1);
  expect(share((at) => draws.of(at).between('four', 1, 4) === 4)).toBeCloseTo(0.25, 1);
  expect(new Set(many.map((at) => draws.of(at).between('four', 1, 4)))).toEqual(new Set([1, 2, 3, 4]));
});

test('a draw without choices throws', () => {
  expect(() => createDraws(1).pick('shape', [])).toThrow('there is nothing to choose "shape" from');
});
