import { createGenerationId } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { thinStops } from './thin-stops.ts';

const ref = { generationId: createGenerationId(Date.now()), index: 0, n: 1 };

function setup() {
  const lines: [string, unknown][] = [];
  const clock = { now: 0 };
  const log = thinStops(
    (event, _ref, details) => void lines.push([event, details]),
    () => clock.now,
  );
  return { lines, clock, log };
}

test('a worker writes one line in ten minutes for a hundred thousand stops of one reason, with their number', () => {
  const { lines, clock, log } = setup();
  for (; clock.now < 600_000; clock.now += 6) log('submission.stopped', ref, { reason: 'paused' });
  log('submission.sending', ref);
  log('submission.stopped', ref, { reason: 'cap', period: 'tenant:a:day:2026-11-29' });
  log('submission.stopped', ref, { reason: 'paused' });
  expect(lines).toEqual([
    ['submission.stopped', { reason: 'paused' }],
    ['submission.sending', undefined],
    ['submission.stopped', { reason: 'cap', period: 'tenant:a:day:2026-11-29' }],
    ['submission.stopped', { reason: 'paused', leftOut: 99_999 }],
  ]);
});

test('a worker writes one line in ten minutes for the caps of all tenants, with the number of periods', () => {
  const { lines, clock, log } = setup();
  for (let round = 0; round < 2; round += 1)
    for (let tenant = 0; tenant < 5000; tenant += 1)
      log('submission.stopped', ref, { reason: 'cap', period: `tenant:${tenant}:day:2026-11-29` });
  log('submission.stopped', ref, { reason: 'cap', period: 'tenant:day:month:2026-11' });
  log('submission.stopped', ref, { reason: 'cap', period: 'all:day:2026-11-29' });
  clock.now = 600_000;
  log('submission.stopped', ref, { reason: 'cap', period: 'tenant:7:day:2026-11-29' });
  expect(lines).toEqual([
    ['submission.stopped', { reason: 'cap', period: 'tenant:0:day:2026-11-29' }],
    ['submission.stopped', { reason: 'cap', period: 'tenant:day:month:2026-11' }],
    ['submission.stopped', { reason: 'cap', period: 'all:day:2026-11-29' }],
    ['submission.stopped', { reason: 'cap', period: 'tenant:7:day:2026-11-29', leftOut: 9999, periods: 5000 }],
  ]);
});
