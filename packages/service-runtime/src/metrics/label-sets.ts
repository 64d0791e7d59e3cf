import type { LabelValues } from './metrics.ts';

/** Combines label values into all sets: `{ queue: ['a', 'b'], code: ['x'] }` gives two. */
export function labelSets<Label extends string>(values: Readonly<Record<Label, readonly string[]>>): LabelValues<Label>[] {
  const labels = Object.keys(values) as Label[]; // the keys are the type
  return labels.reduce<LabelValues<Label>[]>(
    (sets, label) => sets.flatMap((set) => values[label].map((value) => ({ ...set, [label]: value }))),
    [{} as LabelValues<Label>], // each pass adds one label, so the last set has all of them
  );
}
