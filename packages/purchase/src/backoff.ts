/**
 * Returns a growing wait: `first * factor^(attempt - 1)`, at most `max`, less up to a fifth so that workers do not move in step.
 * @param attempt Counts from 1.
 */
export function backoffMs(first: number, max: number, attempt: number, random: () => number, factor = 2): number {
  const grown = Math.min(max, first * factor ** Math.min(attempt - 1, 60));
  return Math.round(grown * (1 - 0.2 * random()));
}
