import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, inject } from 'vitest';
import { describeLeaks, waitForNoLeaks } from './open-resources.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** How long what a file opened may take to close; absent in ordinary runs. */
    leakCheckLimitMs?: number;
  }
}

// A setup file: it runs before each test file, so that the first count holds what vitest itself keeps open; and its hook,
// registered first, runs after all hooks of the file.
const before = process.getActiveResourcesInfo();

/** Handles that are being closed may take a few turns, and more of them on a busy machine. */
const CLOSE_LIMIT_MS = 3_000;

afterAll(async () => {
  const leaks = await waitForNoLeaks(before, {
    active: () => process.getActiveResourcesInfo(),
    wait: () => delay(20),
    now: () => performance.now(),
    limitMs: inject('leakCheckLimitMs') ?? CLOSE_LIMIT_MS,
  });
  if (leaks.size > 0) throw new Error(`this file left open: ${describeLeaks(leaks)}; close what a test opens`);
});
