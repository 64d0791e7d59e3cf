import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Time in which the check may fail on a quiet machine, in milliseconds; 5 s when absent. A busy machine gets three times as long. */
  readonly withinMs?: number;
  /** Pause between two checks, in milliseconds. When absent 10 ms at first, and up to 50 ms after that. */
  readonly everyMs?: number;
}

/** Only a check that fails for good waits this long: a test that proves a bound measures the time itself. */
const SLACK = 3;
const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 50;

/**
 * Calls `check` until it does not throw, and returns its result; a test then needs no sleep. At the limit it throws the last failure
 * unchanged, so that a failed run shows what was wrong.
 */
export async function eventually<T>(check: () => T | Promise<T>, { withinMs = 5_000, everyMs }: EventuallyOptions = {}): Promise<T> {
  const deadline = performance.now() + SLACK * withinMs;
  // A check that fails takes milliseconds of the processor, and what it waits for needs the processor, too.
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.2, MAX_PAUSE_MS)) {
    try {
      return await check();
    } catch (failure) {
      if (performance.now() >= deadline) throw failure;
    }
    await delay(everyMs ?? pauseMs);
  }
}
