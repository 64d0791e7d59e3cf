import { expect, test } from 'vitest';
import { describeReading } from './describe-reading.ts';

const reading = {
  id: 'a rebuild',
  since: 0,
  pastBefore: 0,
  sumsAt: 0,
  skipDamaged: false,
  fromDay: '2026-11-28',
  fromMonth: '2026-10',
  openedAt: 0,
  total: 300,
  left: 0,
};

test('a rebuild that has only money of the past left to book says in how many dates', () => {
  expect(describeReading({ ...reading, dates: ['2026-11-02', '2026-11-01'] }, 60_000)).toContain(
    '0 of 300 generations that had ended and the records of 2 dates are not read yet',
  );
  expect(describeReading({ ...reading, left: 3, dates: 'all' }, 60_000)).toContain('3 of 300 generations that had ended are not read yet');
});
