/** Counts of events, by name; there are few names. */
export interface Counts {
  add(name: string): void;
  /** Returns the count since the start of the process. */
  get(name: string): number;
  all(): Record<string, number>;
}

/** Creates counts that begin at 0. */
export function createCounts(): Counts {
  const counts = new Map<string, number>();
  return {
    add: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    get: (name) => counts.get(name) ?? 0,
    all: () => Object.fromEntries(counts),
  };
}
