/** What goes wrong with one request. */
export interface S3Disturbance {
  /** How much later it is looked at. */
  readonly delayMs: number;
  /** What is answered with 503 `SlowDown`; a write may have been made all the same. */
  readonly refuses: 'nothing' | 'the request' | 'a write after it was made';
}

/** How an S3 that is in trouble behaves. */
export interface S3Trouble {
  /** Each request waits up to so long. */
  readonly maxDelayMs: number;
  /** Share of the requests that are refused, 0 to 1: half of them at once, of the other half the writes after they were made. */
  readonly refusedShare: number;
}

/** Draws what goes wrong with a request. @param random At least 0 and less than 1. */
export function drawDisturbance({ maxDelayMs, refusedShare }: S3Trouble, random: () => number): S3Disturbance {
  const drawn = random();
  return {
    delayMs: Math.round(maxDelayMs * random()),
    refuses: drawn < refusedShare / 2 ? 'the request' : drawn < refusedShare ? 'a write after it was made' : 'nothing',
  };
}

/** Reads a message that one process of ours sent to another; undefined when it is none about trouble. */
export function readTrouble(message: unknown): S3Trouble | undefined {
  if (typeof message !== 'object' || message === null || !('maxDelayMs' in message) || !('refusedShare' in message)) return undefined;
  return { maxDelayMs: Number(message.maxDelayMs), refusedShare: Number(message.refusedShare) };
}
