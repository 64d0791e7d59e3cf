import { expect, test } from 'vitest';
import { describeSums } from './describe-sums.ts';

const at = Date.UTC(2026, 10, 29, 18, 40);
const found = { at, writtenAt: at, fromDay: '2026-11-28', fromMonth: '2026-10', periods: new Map() };

test('a rebuild that passes sums by, or finds none, says so in one line with their keys', () => {
  expect(describeSums({ found, passedBy: {} })).toEqual([]);
  const passedBy = { corrupt: { count: 3, key: 'records/sums/a' }, ahead: { count: 1, key: 'records/sums/b/' } };
  expect(describeSums({ found, passedBy })).toEqual([
    "sums      those of 2026-11-29T18:40:00.000Z bound what is unread; passed by: 'records/sums/a' and 2 more (corrupt, or on top of a corrupt object); 'records/sums/b/' (written by a clock that was ahead of Redis time)",
  ]);
  expect(describeSums({ passedBy: {} })).toEqual(['sums      S3 holds none that can be used, so the store opens when everything is read']);
});
