import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long the check may fail; 5 s when absent. */
  readonly withinMs?: number;
  /** How long to wait between two checks; 10 ms when absent. */
  readonly everyMs?: number;
}

/**
 * Calls `check` until it does not throw, and gives its result: instead of sleeping and hoping. At the limit the last failure
 * is thrown as it is, so that a failed run shows what was wrong.
 */
export async function eventually<T>(check: () => T | Promise<T>, { withinMs = 5_000, everyMs = 10 }: EventuallyOptions = {}): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (failure) {
      if (performance.now() >= deadline) throw failure;
    }
    await delay(everyMs);
  }
}
