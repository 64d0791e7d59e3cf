import { test } from 'vitest';
import { properties } from './hostile-input.ts';

test.each(Object.entries(properties))('%s', { timeout: 30_000 }, (_name, check) => check({ numRuns: 100 }));
