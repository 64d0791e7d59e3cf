import { test } from 'vitest';
import { checkTraffic } from './hostile-traffic.ts';

const CASES = 10_000;
/** Told with the test, so that a run can be repeated. */
const seed = Date.now() % 2 ** 31;

test(`any request is answered in few words, and kept with a good capability alone: ${CASES} cases, seed ${seed}`, () =>
  checkTraffic({ numRuns: CASES, seed }));
