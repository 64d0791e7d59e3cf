import type { Clock } from '@darkroom/service-runtime';

/** Whoever holds one good capability must not be able to spend the looks of the whole fleet by repeating himself. */
const EVERY_MS = 1000;
/** A submission costs some hundred bytes here, and whoever repeats himself for more of them than this wakes each once more. */
const MAX_SUBMISSIONS = 10_000;

/**
 * Remembers whose settlement this receiver woke within the last second. What brings nothing that the settlement could find
 * (a duplicate, or one delivery too many to be kept) need not wake it again so soon; it looks at its own time as well.
 */
export interface WakeLimit {
  /** Whether this submission was woken a moment ago. */
  wasJustWoken(taskUUID: string): boolean;
  note(taskUUID: string): void;
  /** It was not woken after all. */
  forget(taskUUID: string): void;
}

export function createWakeLimit(clock: Clock): WakeLimit {
  const wokenAt = new Map<string, number>();
  return {
    wasJustWoken(taskUUID) {
      const at = wokenAt.get(taskUUID);
      return at !== undefined && Math.abs(clock.now() - at) < EVERY_MS; // a clock that was set back counts as a long time
    },
    note(taskUUID) {
      wokenAt.delete(taskUUID); // to stand last again
      wokenAt.set(taskUUID, clock.now());
      const [oldest] = wokenAt.keys();
      if (wokenAt.size > MAX_SUBMISSIONS && oldest !== undefined) wokenAt.delete(oldest);
    },
    forget: (taskUUID) => void wokenAt.delete(taskUUID),
  };
}
