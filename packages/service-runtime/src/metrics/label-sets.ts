import type { LabelValues } from './metrics.ts';

/** Combines the values of labels to all sets of them: `{ queue: ['a', 'b'], code: ['x'] }` gives two. */
export function labelSets<Label extends string>(values: Readonly<Record<Label, readonly string[]>>): LabelValues<Label>[] {
  const labels = Object.keys(values) as Label[]; // the keys are the type
  return labels.reduce<LabelValues<Label>[]>(
    (sets, label) => sets.flatMap((set) => values[label].map((value) => ({ ...set, [label]: value }))),
    [{} as LabelValues<Label>], // each pass adds one label, and the last one the last
  );
}
