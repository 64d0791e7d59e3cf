const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Bounds the memory. An attacker with more addresses than this gains nothing when the oldest is forgotten. */
const MAX_ADDRESSES = 1000;

/** Counts wrong passwords by address: after ten within a minute, further ones get 429 and no log line until the minute has passed. */
export interface FailedLogins {
  /** Returns how long this address must wait, in milliseconds; 0 if it need not. */
  waitMs(address: string): number;
  /** Counts a wrong password. */
  note(address: string): void;
}

/** Creates empty counts. @param now A monotonic clock, in milliseconds. */
export function createFailedLogins(now: () => number): FailedLogins {
  const failures = new Map<string, { since: number; count: number }>();
  return {
    waitMs(address) {
      const failed = failures.get(address);
      if (failed === undefined || failed.count < MAX_FAILURES) return 0;
      return Math.max(0, failed.since + WINDOW_MS - now());
    },
    note(address) {
      const failed = failures.get(address);
      if (failed !== undefined && now() - failed.since < WINDOW_MS) {
        failed.count += 1;
        return;
      }
      failures.delete(address); // so that it becomes the newest
      failures.set(address, { since: now(), count: 1 });
      const [oldest] = failures.keys();
      if (failures.size > MAX_ADDRESSES && oldest !== undefined) failures.delete(oldest);
    },
  };
}
