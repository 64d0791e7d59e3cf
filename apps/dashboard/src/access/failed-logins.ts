const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
/** An address costs a few bytes, and whoever fails from more of them than this gets no further by forgetting the oldest. */
const MAX_ADDRESSES = 1000;

/** Counts wrong passwords by address: after ten within a minute, wrong ones are answered by 429 and logged no more until it is over. */
export interface FailedLogins {
  /** How long this address must wait, in milliseconds; 0 when it need not. */
  waitMs(address: string): number;
  note(address: string): void;
}

/** @param now Milliseconds of a clock that only goes forward. */
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
      failures.delete(address); // to stand last again
      failures.set(address, { since: now(), count: 1 });
      const [oldest] = failures.keys();
      if (failures.size > MAX_ADDRESSES && oldest !== undefined) failures.delete(oldest);
    },
  };
}
