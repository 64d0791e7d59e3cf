import { setTimeout as delay } from 'node:timers/promises';
import { isPlaceBefore, type LoggedEvent } from '@darkroom/generation-store';

/** Reads of Redis a second, for all streams of a process: one of 500 events costs Redis about a millisecond. */
const READS_PER_SECOND = 20;
/** Reads that may follow each other at once after a rest. */
const BURST = 20;

/**
 * Events that memory does not hold any more. A reader may name any old place, as often as it likes, so these reads wait for their turn: one
 * key after the other, at a bounded rate. All readers whose place lies within a page share its read, whatever their keys: after an hour away many
 * come back at once. What an honest reader missed comes all the same.
 */
export interface History {
  /** Reads events behind a place. Rejects with the reason of the signal, or with the error of the read. */
  read(keyId: string, after: string, signal: AbortSignal): Promise<LoggedEvent[]>;
  stop(): void;
}

interface Waiting {
  resolve(events: LoggedEvent[]): void;
  reject(error: unknown): void;
}

export interface HistoryParts {
  readAfter(place: string): Promise<LoggedEvent[]>;
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
}

export function createHistory({ readAfter, now }: HistoryParts, pace = { perSecond: READS_PER_SECOND, burst: BURST }): History {
  /** Readers by the place behind which they read, by key. The first key has the next turn. */
  const lines = new Map<string, Map<string, Set<Waiting>>>();
  const stopping = new AbortController();
  let isReading = false;
  let [tokens, countedAt] = [pace.burst, now()];

  async function untilTurn(): Promise<void> {
    const at = now();
    tokens = Math.min(pace.burst, tokens + ((at - countedAt) / 1000) * pace.perSecond);
    countedAt = at;
    tokens -= 1;
    if (tokens < 0) await delay((-tokens / pace.perSecond) * 1000, undefined, { signal: stopping.signal }).catch(() => undefined);
  }

  async function work(): Promise<void> {
    isReading = true;
    while (lines.size > 0 && !stopping.signal.aborted) {
      await untilTurn();
      const next = take();
      if (next === undefined) continue;
      const [place, readers] = next;
      try {
        const events = await readAfter(place);
        for (const { resolve } of readers) resolve(events);
        share(place, events);
      } catch (error) {
        for (const { reject } of readers) reject(error);
      }
    }
    isReading = false;
  }

  /** Takes the place that came first of the key whose turn it is, and puts that key behind the others. */
  function take(): [string, Set<Waiting>] | undefined {
    const [line] = lines;
    if (line === undefined) return undefined;
    const [keyId, places] = line;
    lines.delete(keyId);
    const [place] = places;
    if (place === undefined) return undefined;
    places.delete(place[0]);
    if (places.size > 0) lines.set(keyId, places);
    return place;
  }

  /** Answers the readers whose next events a page holds. */
  function share(from: string, events: LoggedEvent[]): void {
    const last = events.at(-1)?.place;
    if (last === undefined) return;
    for (const [keyId, places] of lines) {
      for (const [place, readers] of places) {
        if (isPlaceBefore(place, from) || !isPlaceBefore(place, last)) continue;
        const rest = events.filter((event) => isPlaceBefore(place, event.place));
        for (const { resolve } of readers) resolve(rest);
        places.delete(place);
      }
      if (places.size === 0) lines.delete(keyId);
    }
  }

  function leave(keyId: string, after: string, reader: Waiting): void {
    const places = lines.get(keyId);
    const readers = places?.get(after);
    if (readers?.delete(reader) !== true || readers.size > 0) return;
    places?.delete(after);
    if (places?.size === 0) lines.delete(keyId);
  }

  return {
    read: (keyId, after, signal) =>
      new Promise<LoggedEvent[]>((resolve, reject) => {
        const ended = AbortSignal.any([signal, stopping.signal]);
        if (ended.aborted) return reject(ended.reason as Error);
        const places = lines.get(keyId) ?? new Map<string, Set<Waiting>>();
        const readers = places.get(after) ?? new Set<Waiting>();
        const abort = (): void => {
          leave(keyId, after, reader);
          reject(ended.reason as Error);
        };
        const over = (): void => ended.removeEventListener('abort', abort);
        const reader: Waiting = {
          resolve: (events) => [over(), resolve(events)],
          reject: (error) => [over(), reject(error instanceof Error ? error : new Error(String(error)))],
        };
        ended.addEventListener('abort', abort, { once: true });
        readers.add(reader);
        places.set(after, readers);
        lines.set(keyId, places);
        if (!isReading) void work();
      }),
    stop: () => stopping.abort(new Error('the API is stopping')),
  };
}
