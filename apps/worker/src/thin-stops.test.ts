import { createGenerationId } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { thinStops } from './thin-stops.ts';

const ref = { generationId: createGenerationId(Date.now()), index: 0, n: 1 };

test('a worker writes one line in ten minutes for a hundred thousand stops of one reason, with their number', () => {
  const lines: [string, unknown][] = [];
  let now = 0;
  const log = thinStops(
    (event, _ref, details) => void lines.push([event, details]),
    () => now,
  );
  for (; now < 600_000; now += 6) log('submission.stopped', ref, { reason: 'paused' });
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
