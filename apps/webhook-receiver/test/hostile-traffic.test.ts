import { test } from 'vitest';
import { checkTraffic } from './hostile-traffic.ts';

test('every request gets a known status, and only one with a valid capability is kept', { timeout: 30_000 }, () =>
  checkTraffic({ numRuns: 300 }),
);
