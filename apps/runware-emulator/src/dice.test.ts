import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diceOf } from './dice.ts';

test('a draw depends only on the seed and the purpose', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(), (seed, what, index) => {
      const draw = diceOf(seed).fraction(what, index);
      expect(draw).toBe(diceOf(seed).fraction(what, index));
      expect(draw).toBeGreaterThanOrEqual(0);
      expect(draw).toBeLessThan(1);
      expect(draw).not.toBe(diceOf(`${seed}x`).fraction(what, index));
      expect(draw).not.toBe(diceOf(seed).fraction(what, index + 1));
    }),
  );
});

test('a number from a range reaches both ends and nothing else', () => {
  const dice = diceOf('1');
  const drawn = new Set(Array.from({ length: 200 }, (_, index) => dice.between([3, 6], 'number', index)));
  expect(drawn).toEqual(new Set([3, 4, 5, 6]));
});

test('a chance is true about as often as its rate says, never at 0 and always at 1', () => {
  const dice = diceOf('1');
  const strikes = (rate: number): number =>
    Array.from({ length: 2000 }, (_, index) => index).filter((index) => dice.chance(rate, 'x', index)).length;
  expect(strikes(0)).toBe(0);
  expect(strikes(1)).toBe(2000);
  expect(strikes(0.25)).toBeGreaterThan(430);
  expect(strikes(0.25)).toBeLessThan(570);
});

test('each value is drawn for its share of what the earlier ones left, and none for the rest', () => {
  const dice = diceOf('1');
  const shares = [
    ['one', 0.1, 'a'],
    ['two', 0.3, 'b'],
  ] as const;
  const drawn = Array.from({ length: 2000 }, (_, index) => dice.oneOf(shares, 'test', index));
  const shareOf = (value: string | undefined): number => drawn.filter((each) => each === value).length / drawn.length;
  expect(shareOf('a')).toBeCloseTo(0.1, 1);
  expect(shareOf('b')).toBeCloseTo(0.27, 1);
  expect(shareOf(undefined)).toBeCloseTo(0.63, 1);
  expect(
    dice.oneOf(
      [
        ['one', 1, 'a'],
        ['two', 1, 'b'],
      ],
      'test',
    ),
  ).toBe('a');
});

test('an added value, or another share, changes only the draws in which that value wins or loses', () => {
  const dice = diceOf('1');
  const draw = (index: number, ...more: (readonly [string, number, string])[]) =>
    dice.oneOf([['one', 0.1, 'a'], ['two', 0.3, 'b'], ...more], 'test', index); // prettier-ignore
  for (let index = 0; index < 500; index += 1) {
    const now = draw(index, ['three', 0.5, 'c']);
    if (now !== 'c') expect(now).toBe(draw(index));
    else expect(draw(index)).toBeUndefined();
    const rarer = dice.oneOf([['one', 0, 'a'], ['two', 0.3, 'b']], 'test', index); // prettier-ignore
    if (draw(index) !== 'a') expect(rarer).toBe(draw(index));
  }
});

test('an id is a UUID v4', () => {
  expect(diceOf('1').uuid('x')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
