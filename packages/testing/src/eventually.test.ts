import { describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';

describe('eventually', () => {
  test('returns the result of the first check that does not throw', async () => {
    let calls = 0;
    const result = await eventually(
      () => {
        calls += 1;
        expect(calls).toBeGreaterThan(2);
        return 'there';
      },
      { everyMs: 1 },
    );
    expect({ result, calls }).toEqual({ result: 'there', calls: 3 });
  });

  test('throws the last failure at the limit', async () => {
    let calls = 0;
    const check = () => Promise.reject(new Error(`failure ${(calls += 1)}`));
    await expect(eventually(check, { withinMs: 20, everyMs: 1 })).rejects.toThrow(/^failure ([2-9]|\d\d)$/);
  });
});
