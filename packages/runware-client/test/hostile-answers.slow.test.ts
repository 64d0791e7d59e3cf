import { test } from 'vitest';
import { properties } from './hostile-answers.ts';

const CASES = 7500;
/** Printed with each test, so that a run can be repeated. */
const seed = Date.now() % 2 ** 31;

test.each(Object.entries(properties))(`%s: ${CASES} cases, seed ${seed}`, (_name, check) => check({ numRuns: CASES, seed }));
