import { setTimeout as wait } from 'node:timers/promises';

/** A clock that can also wait. Tests pass one whose waits end at once and are recorded. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after the delay; rejects if the signal is aborted first. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

// A longer delay overflows the timer and fires at once (Node.js docs, "Timers").
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (delayMs, signal) => {
    await wait(Math.min(delayMs, LONGEST_TIMER_MS), undefined, { signal });
  },
};

/** Waits until a time. Loops, because timers may fire a millisecond early by the clock, and because of the longest timer. */
export async function sleepUntil(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  for (let left = at - clock.now(); left > 0; left = at - clock.now()) await clock.sleep(left, signal);
}
