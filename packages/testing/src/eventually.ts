import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Time in which the check may fail, in milliseconds; 5 s when absent. */
  readonly withinMs?: number;
  /** Pause between two checks, in milliseconds; 10 ms when absent. */
  readonly everyMs?: number;
}

/**
 * Calls `check` until it does not throw, and returns its result; a test then needs no sleep. At the limit it throws the last failure
 * unchanged, so that a failed run shows what was wrong.
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
