/** Shortest time between two wakes by repeated deliveries: one valid capability must not keep the whole fleet busy. */
export const EVERY_MS = 1000;
/** Bounds the memory, at about a hundred bytes a submission. With more submissions a repeated delivery may wake a settlement too early. */
const MAX_SUBMISSIONS = 10_000;

/**
 * Remembers the submissions whose settlements this receiver woke lately. A delivery that the store did not keep (a
 * duplicate, or one too many) need not wake the same settlement again so soon, because it also runs at its own time.
 */
export interface WakeLimit {
  /** Returns true if the settlement of this submission was woken within so many milliseconds. */
  wasJustWoken(taskUUID: string, withinMs: number): boolean;
  /** Notes a wake. */
  note(taskUUID: string): void;
  /** Removes the note of a wake that failed. */
  forget(taskUUID: string): void;
}

export function createWakeLimit(now: () => number): WakeLimit {
  const wokenAt = new Map<string, number>();
  return {
    wasJustWoken(taskUUID, withinMs) {
      const at = wokenAt.get(taskUUID);
      return at !== undefined && Math.abs(now() - at) < withinMs; // a clock that was set back counts as a long time
    },
    note(taskUUID) {
      wokenAt.delete(taskUUID); // so that it becomes the newest
      wokenAt.set(taskUUID, now());
      const [oldest] = wokenAt.keys();
      if (wokenAt.size > MAX_SUBMISSIONS && oldest !== undefined) wokenAt.delete(oldest);
    },
    forget: (taskUUID) => void wokenAt.delete(taskUUID),
  };
}
