import { test } from 'vitest';
import { checkMutations, checkNoise, drawImages } from './hostile-images.ts';

test('verifies a changed image, and never as another one', { timeout: 30_000 }, async () => {
  checkMutations(await drawImages(), { numRuns: 300 });
});

test('noise is no image', { timeout: 30_000 }, () => checkNoise({ numRuns: 300 }));
