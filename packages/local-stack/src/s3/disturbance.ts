/** Disturbance of one request. */
export interface S3Disturbance {
  /** Delay before the server looks at the request. */
  readonly delayMs: number;
  /** Refusal with 503 `SlowDown`; a write may have been made all the same. */
  readonly refuses: 'nothing' | 'the request' | 'a write after it was made';
}

/** Behaviour of an S3 in trouble. */
export interface S3Trouble {
  /** The longest delay of a request. */
  readonly maxDelayMs: number;
  /** Share of refused requests, 0 to 1: one half is refused at once; in the other half writes are refused after they were made. */
  readonly refusedShare: number;
}

/** Draws the disturbance of a request. @param random At least 0 and less than 1. */
export function drawDisturbance({ maxDelayMs, refusedShare }: S3Trouble, random: () => number): S3Disturbance {
  const drawn = random();
  return {
    delayMs: Math.round(maxDelayMs * random()),
    refuses: drawn < refusedShare / 2 ? 'the request' : drawn < refusedShare ? 'a write after it was made' : 'nothing',
  };
}

/** Parses a message between two of our processes; returns undefined if it does not set trouble. */
export function readTrouble(message: unknown): S3Trouble | undefined {
  if (typeof message !== 'object' || message === null || !('maxDelayMs' in message) || !('refusedShare' in message)) return undefined;
  return { maxDelayMs: Number(message.maxDelayMs), refusedShare: Number(message.refusedShare) };
}
