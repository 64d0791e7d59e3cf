import { expect, test } from 'vitest';
import { describeSpend } from './describe-spend.ts';

const today = {
  name: 'all:day:2026-11-22',
  capNanoUsd: 25_000_000_000,
  resetsAt: Date.UTC(2026, 10, 23),
  reservedNanoUsd: 20_000_000,
  settledNanoUsd: 60_000_000,
  expectedNanoUsd: 60_000_000,
  reportedNanoUsd: 60_000_000,
  unreported: 0,
  differing: 0,
};

test('a day on which everything cost what was expected takes one line', () => {
  expect(describeSpend([today])).toEqual([
    'today     0.06 USD spent, 0.02 USD on hold, of at most 25 USD, 24.92 left; begins anew 2026-11-23 00:00:00 UTC',
  ]);
});

test('what cost more or less than expected, or said nothing of its cost, is shown', () => {
  const dearer = { ...today, settledNanoUsd: 62_000_000, reportedNanoUsd: 42_000_000, unreported: 1, differing: 2 };
  expect(describeSpend([dearer]).slice(1)).toEqual([
    '          that is 0.002 USD more than expected (0.06 USD); reported were 0.042 USD:',
    '            2 ends at another price than expected, 1 without a price, booked as expected',
  ]);
  expect(describeSpend([{ ...today, settledNanoUsd: 50_000_000, differing: 1 }])[1]).toContain('0.01 USD less than expected');
  expect(describeSpend([{ ...today, unreported: 3 }])[1]).toContain('as much as expected');
});

test('a tenant is told from all', () => {
  const lines = describeSpend([{ ...today, name: 'tenant:acme:month:2026-11' }]);
  expect(lines[0]).toMatch(/^ {2}tenant month /);
});
