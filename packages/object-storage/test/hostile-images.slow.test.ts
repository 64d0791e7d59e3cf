import { test } from 'vitest';
import { checkMutations, checkNoise, drawImages } from './hostile-images.ts';

const CASES = 7500;
/** Printed with each test, so that a run can be repeated. */
const seed = Date.now() % 2 ** 31;

test(`verifies a changed image, and never as another one: ${CASES} cases, seed ${seed}`, async () => {
  checkMutations(await drawImages(), { numRuns: CASES, seed });
});

test(`noise is no image: ${CASES} cases, seed ${seed}`, () => checkNoise({ numRuns: CASES, seed }));
