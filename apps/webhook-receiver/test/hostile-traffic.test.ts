import { test } from 'vitest';
import { checkTraffic } from './hostile-traffic.ts';

test('any request is answered in few words, and kept with a good capability alone', { timeout: 30_000 }, () =>
  checkTraffic({ numRuns: 300 }),
);
