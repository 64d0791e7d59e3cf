import type { Clock } from '../src/app.ts';

/** A clock whose waits end at once and are recorded. */
export interface VirtualClock extends Clock {
  readonly sleeps: readonly number[];
  /** Advances the clock. */
  advance(ms: number): void;
}

export function virtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
    sleep: async (delayMs, signal) => {
      sleeps.push(delayMs);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      now += delayMs;
    },
  };
}
