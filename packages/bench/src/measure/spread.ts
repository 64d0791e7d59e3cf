/** Figures of several runs. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Returns median, smallest and largest value. @throws RangeError without a value */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new RangeError('there is no figure to describe');
  const middle = (sorted.length - 1) / 2;
  const [low = min, high = min] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return { median: (low + high) / 2, min, max };
}

/** Returns a value below which this share of all values lies. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/**
 * Compares two sets of runs that alternated. A difference counts if the smallest figure of one lies above the largest of the other, and the
 * medians differ by more than `noisePercent`.
 */
export function compareRuns(before: readonly number[], after: readonly number[], noisePercent: number): Comparison {
  const [old, now] = [spreadOf(before), spreadOf(after)];
  const percent = (now.median / old.median - 1) * 100;
  const isApart = now.min > old.max || old.min > now.max;
  return { percent, isOutsideNoise: isApart && Math.abs(percent) > noisePercent };
}

export interface Comparison {
  /** Change of the median; positive: more than before. */
  percent: number;
  isOutsideNoise: boolean;
}
