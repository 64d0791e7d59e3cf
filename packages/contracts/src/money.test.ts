import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatUsd, parseUsd } from './money.ts';

describe('money', () => {
  test('reads numbers of JSON and decimal strings', () => {
    expect(parseUsd(0.02)).toBe(20_000_000);
    expect(parseUsd('0.022')).toBe(22_000_000);
    expect(parseUsd('12')).toBe(12_000_000_000);
    expect(parseUsd(2e-7)).toBe(200);
  });

  test('adds without the error of binary fractions', () => {
    expect(formatUsd(parseUsd('0.1') + parseUsd('0.2'))).toBe('0.3');
  });

  test('refuses amounts that it cannot hold exactly', () => {
    for (const wrong of ['', '-1', '1e3', '0.0000000001', 'NaN', '99999999999']) expect(() => parseUsd(wrong), wrong).toThrow(RangeError);
  });

  test('reads back every amount that it wrote', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (nano) => parseUsd(formatUsd(nano)) === nano));
  });
});
