import { expect, test } from 'vitest';
import { compareLargeBill, MOST_BYTES } from './large-bill.ts';

test('a bill of 100,000 charges takes no more memory than the parts that wait for their write, and its three differences are found', async () => {
  const { sums, mostBytes } = await compareLargeBill(100_000);
  expect(sums).toMatchObject({ charges: 100_000, purchases: 100_000 });
  expect(sums.findings).toEqual({
    'charge-without-submission': 1,
    'submission-without-charge': 1,
    'price-differs': 1,
    'record-unreadable': 0,
  });
  expect(mostBytes).toBeLessThan(MOST_BYTES);
});
