import type { LogFields, Logger } from '../logging/logger.ts';

/** Logs in few lines that a dependency is away and that it is back. */
export interface OutageLines {
  /** @param since Start of the outage, if before this call, by the same clock as the lines. */
  noteAway(reason: string, since?: number): void;
  noteThere(): void;
}

/** A shorter outage is not logged: each hiccup would make a line. */
const QUIET_MS = 2000;
/** An outage is logged again after this time, then after twice as long each time, up to `MAX_REPEAT_MS`. */
const REPEAT_MS = 60_000;
const MAX_REPEAT_MS = 30 * 60_000;
/** Shortest time between two lines, if reasons or states alternate. */
const MIN_BETWEEN_MS = 5000;

/**
 * Creates the lines of one dependency: one within seconds of its loss, with the reason; one at each change of the reason; rarely again
 * during the outage; and one when it is back, if its loss was logged.
 * @param now Milliseconds of a clock that only goes forward.
 */
export function createOutageLines({ name, about }: { name: string; about: LogFields }, logger: Logger, now: () => number): OutageLines {
  let awaySince: number | undefined;
  let lastThereAt = -Infinity;
  let told: { reason: string; at: number; repeatMs: number } | undefined;
  let lastLineAt = -Infinity;

  const isDue = (reason: string, since: number): boolean => {
    const at = now();
    if (at - since < QUIET_MS || at - lastLineAt < MIN_BETWEEN_MS) return false;
    return told === undefined || told.reason !== reason || at - told.at >= told.repeatMs;
  };

  return {
    noteAway(reason, since = now()) {
      // A request that fails slowly may have begun before others were answered.
      awaySince ??= Math.max(since, lastThereAt);
      if (!isDue(reason, awaySince)) return;
      const at = now();
      const repeatMs = told?.reason === reason ? Math.min(2 * told.repeatMs, MAX_REPEAT_MS) : REPEAT_MS;
      told = { reason, at, repeatMs };
      lastLineAt = at;
      logger.warn({ event: `${name}.lost`, ...about, reason, forMs: Math.round(at - awaySince) }, `${name} cannot be used`);
    },
    noteThere() {
      const since = awaySince;
      awaySince = undefined;
      lastThereAt = now();
      if (since === undefined || told === undefined) return;
      told = undefined;
      lastLineAt = now();
      logger.info({ event: `${name}.regained`, ...about, lostForMs: Math.round(now() - since) }, `${name} can be used again`);
    },
  };
}
