import { expect, test } from 'vitest';
import { compareLargeBill, MOST_BYTES } from './large-bill.ts';

/** Processor time. */
const MOST_SECONDS = 120;

test('a bill of a million charges takes little memory and two minutes of processor time at most', async () => {
  const { sums, mostBytes, seconds } = await compareLargeBill(1_000_000);
  console.log(`a million charges and purchases: ${Math.round(mostBytes / 2 ** 20)} MiB, ${seconds.toFixed(0)} s of processor time`);
  expect(sums).toMatchObject({ charges: 1_000_000, purchases: 1_000_000 });
  expect(Object.values(sums.findings)).toEqual([1, 1, 1, 0]);
  expect(mostBytes).toBeLessThan(MOST_BYTES);
  expect(seconds).toBeLessThan(MOST_SECONDS);
});
