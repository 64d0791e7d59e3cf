/** Where the time comes from, so that tests can say what time it is. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** The system's clock. */
export const systemClock: Clock = { now: () => Date.now() };
