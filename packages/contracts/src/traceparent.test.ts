import { expect, test } from 'vitest';
import { traceIdOf, traceparentProblems } from './traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

test('a traceparent of version 00 is taken, and names its trace', () => {
  for (const flags of ['00', '01', 'ff']) {
    const traceparent = `00-${TRACE}-b7ad6b7169203331-${flags}`;
    expect(traceparentProblems('options.traceparent', traceparent)).toEqual([]);
    expect(traceIdOf(traceparent)).toBe(TRACE);
  }
});

test.each([
  '',
  `00-${TRACE}-b7ad6b7169203331`,
  `00-${TRACE}-b7ad6b7169203331-01-more`,
  `01-${TRACE}-b7ad6b7169203331-01`,
  `ff-${TRACE}-b7ad6b7169203331-01`,
  `00-${TRACE.toUpperCase()}-b7ad6b7169203331-01`,
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}-b7ad6b7169203331-01\n`,
  ` 00-${TRACE}-b7ad6b7169203331-01`,
  42,
  null,
  [`00-${TRACE}-b7ad6b7169203331-01`],
])('%j is refused in words', (traceparent) => {
  expect(traceparentProblems('options.traceparent', traceparent)).toMatchObject([
    { path: 'options.traceparent', message: expect.stringContaining('W3C Trace Context') as unknown },
  ]);
});

test('no traceparent has no trace', () => {
  expect(traceIdOf(undefined)).toBeUndefined();
  expect(traceIdOf('x')).toBeUndefined();
});
