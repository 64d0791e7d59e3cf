import { expect, expectTypeOf, test } from 'vitest';
import { defined } from './defined.ts';

test('drops fields that are undefined, and keeps every other value and the order', () => {
  const fields = defined({ b: null, a: undefined, c: 0, d: '', e: false });
  expect(Object.entries(fields)).toEqual([
    ['b', null],
    ['c', 0],
    ['d', ''],
    ['e', false],
  ]);
});

const seed = (): number | undefined => 1;

test('makes fields that may be undefined optional, and keeps the others required', () => {
  const fields = defined({ seed: seed(), format: 'JPG' });
  expectTypeOf(fields).toEqualTypeOf<{ format: string; seed?: number }>();
  expect(fields).toEqual({ seed: 1, format: 'JPG' });
});
