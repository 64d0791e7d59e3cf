import type { Clock } from '../src/app.ts';

/** A clock that stands still until a test advances it. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  const sleepers = new Set<{ until: number; wake: () => void }>();
  return {
    now: () => now,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const giveUp = (): void => {
          sleepers.delete(sleeper);
          reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
        };
        const sleeper = {
          until: now + delayMs,
          wake: () => {
            sleepers.delete(sleeper);
            signal.removeEventListener('abort', giveUp);
            resolve();
          },
        };
        signal.addEventListener('abort', giveUp, { once: true });
        if (delayMs <= 0) sleeper.wake();
        else sleepers.add(sleeper);
      }),
    advance(ms) {
      now += ms;
      for (const sleeper of [...sleepers].toSorted((one, other) => one.until - other.until)) if (sleeper.until <= now) sleeper.wake();
    },
  };
}
