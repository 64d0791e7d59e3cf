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
  unreadNanoUsd: 0,
};

test('a day on which everything cost what was expected takes one line', () => {
  expect(describeSpend([today])).toEqual([
    'today     0.06 USD spent, 0.02 USD on hold, of at most 25 USD, 24.92 left; resets 2026-11-23 00:00:00 UTC',
  ]);
});

test('a cost that differs from the expected price, or was not reported, is shown', () => {
  const dearer = { ...today, settledNanoUsd: 62_000_000, reportedNanoUsd: 42_000_000, unreported: 1, differing: 2 };
  expect(describeSpend([dearer]).slice(1)).toEqual([
    '          that is 0.002 USD more than expected (0.06 USD); the provider reported 0.042 USD:',
    '            2 results at another price than expected, 1 without a price, booked at the expected price',
  ]);
  expect(describeSpend([{ ...today, settledNanoUsd: 50_000_000, differing: 1 }])[1]).toContain('0.01 USD less than expected');
  expect(describeSpend([{ ...today, unreported: 3 }])[1]).toContain('as much as expected');
});

test('the lines of a tenant are marked as such', () => {
  const lines = describeSpend([{ ...today, name: 'tenant:acme:month:2026-11' }]);
  expect(lines[0]).toMatch(/^ {2}tenant month /);
});

test('unread money has a line of its own, and is not left under the cap', () => {
  expect(describeSpend([{ ...today, unreadNanoUsd: 1_500_000_000 }])).toEqual([
    'today     0.06 USD spent, 0.02 USD on hold, of at most 25 USD, 23.42 left; resets 2026-11-23 00:00:00 UTC',
    '          1.5 USD unread money, which the cap counts too',
  ]);
  const { unreadNanoUsd: _, ...unknown } = today;
  expect(describeSpend([unknown])).toEqual([
    'today     0.06 USD spent, 0.02 USD on hold, of at most 25 USD, 0 left; resets 2026-11-23 00:00:00 UTC',
    '          unread money is not known: the cap counts as reached',
  ]);
});
