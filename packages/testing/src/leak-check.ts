import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, inject } from 'vitest';
import { describeLeaks, waitForNoLeaks } from './open-resources.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Time for a file's resources to close; absent in ordinary runs. */
    leakCheckLimitMs?: number;
  }
}

// A setup file. It runs before each test file, so its first count holds what Vitest itself keeps open. Its hook is registered first, so
// it runs after all hooks of the file.
const before = process.getActiveResourcesInfo();

/** Time for handles to close; more of them take longer on a busy machine. */
const CLOSE_LIMIT_MS = 3_000;

afterAll(async () => {
  const leaks = await waitForNoLeaks(before, {
    active: () => process.getActiveResourcesInfo(),
    wait: () => delay(20),
    now: () => performance.now(),
    limitMs: inject('leakCheckLimitMs') ?? CLOSE_LIMIT_MS,
  });
  if (leaks.size > 0) throw new Error(`this file left resources open: ${describeLeaks(leaks)}; close what a test opens`);
});
