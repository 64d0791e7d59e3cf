/** Follows totals that a store keeps. */
export interface RisingTotals {
  /** Returns the value to show for a total. It begins with the first total, and rises as that does. */
  follow(name: string, total: number): number;
}

/**
 * Creates counters of totals that a store keeps and may forget: a Redis that goes back by a second tells a smaller number. Prometheus takes a
 * counter that falls for a new one, and would count all of it again; so what is shown only rises.
 */
export function createRisingTotals(): RisingTotals {
  const followed = new Map<string, { seen: number; shown: number }>();
  return {
    follow(name, total) {
      const { seen, shown } = followed.get(name) ?? { seen: total, shown: total };
      const next = { seen: total, shown: shown + Math.max(0, total - seen) };
      followed.set(name, next);
      return next.shown;
    },
  };
}
