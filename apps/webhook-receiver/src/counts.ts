/** Counts what happened, by a name of few values. */
export interface Counts {
  add(name: string): void;
  /** How often, since the start of the process. */
  get(name: string): number;
  all(): Record<string, number>;
}

/** Counts from 0. */
export function createCounts(): Counts {
  const counts = new Map<string, number>();
  return {
    add: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    get: (name) => counts.get(name) ?? 0,
    all: () => Object.fromEntries(counts),
  };
}
