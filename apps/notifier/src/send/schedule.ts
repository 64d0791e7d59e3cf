/** Waits before each attempt after the first, in milliseconds: ten attempts within about 76 hours (Standard Webhooks, "Retries"). */
export const defaultDelaysMs: readonly number[] = [
  5000,
  5 * 60_000,
  30 * 60_000,
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * 3_600_000),
];

/**
 * Returns the wait before the next attempt, jittered by a fifth, so that notifications that failed together do not come back together.
 * @param made Attempts so far, at least 1.
 * @returns undefined after the last one.
 */
export function waitBeforeNext(delaysMs: readonly number[], made: number, random: () => number): number | undefined {
  const delayMs = delaysMs[made - 1];
  return delayMs === undefined ? undefined : Math.round(delayMs * (0.8 + 0.4 * random()));
}
