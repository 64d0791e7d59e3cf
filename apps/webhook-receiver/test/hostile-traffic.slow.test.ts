import { test } from 'vitest';
import { checkTraffic } from './hostile-traffic.ts';

const CASES = 10_000;
/** Shown in the title, so that a run can be repeated. */
const seed = Date.now() % 2 ** 31;

test(`every request gets a known status, and only one with a valid capability is kept: ${CASES} cases, seed ${seed}`, () =>
  checkTraffic({ numRuns: CASES, seed }));
