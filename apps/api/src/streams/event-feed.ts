import { setTimeout as delay } from 'node:timers/promises';
import { QueueUnavailableError } from '@darkroom/contracts';
import { isPlaceBefore, type EventTail, type LoggedEvent } from '@darkroom/generation-store';
import type { DarkroomEvent } from '@darkroom/producer';
import { eventOf } from '@darkroom/producer/shared';
import type { Logger, Service } from '@darkroom/service-runtime';

/** Events kept in memory: all streams that keep up read from here. */
const KEPT = 2000;
/** Events of one read. */
const AT_ONCE = 500;
/** A read that finds nothing ends after this time. */
const BLOCK_MS = 2000;
/** Rest after an error other than an outage, for which the connection waits by itself. */
const TROUBLE_MS = 1000;

/** Events of one tenant behind a place, and the place behind which to read on. */
export interface FeedPage {
  events: { place: string; event: DarkroomEvent }[];
  place: string;
  /** Place up to which events behind the given one are gone: the reader was too slow. */
  gap?: string;
}

/** The events of all tenants, read once for all open streams of this process. */
export interface EventFeed extends Service {
  /** Returns the place of the newest event. @throws QueueUnavailableError */
  newest(): Promise<string>;
  /** Returns the place up to which events are gone, if it lies behind `after`; the newest place if Redis does not know `after` (any more). */
  findGap(after: string): Promise<string | undefined>;
  /**
   * Returns the next events of a tenant, and waits for one if there is none. Rejects with the reason of the signal.
   * @param onSeen Hears each place up to which there is none.
   */
  next(after: string, tenant: string, signal: AbortSignal, onSeen?: (place: string) => void): Promise<FeedPage>;
}

export interface EventFeedParts {
  tail: EventTail;
  /** Waits for events behind a place, on a connection of its own. */
  wait(place: string, blockMs: number, count: number): Promise<LoggedEvent[]>;
  logger: Pick<Logger, 'warn' | 'info'>;
}

export function createEventFeed({ tail, wait, logger }: EventFeedParts): EventFeed {
  const stopping = new AbortController();
  const kept: LoggedEvent[] = [];
  /** Place behind which every event is kept in memory, as far as it was read. */
  let keptAfter = '0-0';
  let newest = '0-0';
  let isPlaced = false;
  let reading: Promise<void> | undefined;
  /** True after a read that failed: one line in the log for each trouble, however long. */
  let isInTrouble = false;
  const waiting = new Set<() => void>();

  async function read(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (!isPlaced) {
          newest = await tail.lastPlace();
          keptAfter = newest;
          isPlaced = true;
          wakeAll();
        }
        keep(await wait(newest, BLOCK_MS, AT_ONCE));
        if (isInTrouble) logger.info({ event: 'events.read-again' }, 'the events are read again');
        isInTrouble = false;
      } catch (err) {
        if (stopping.signal.aborted) return;
        if (!isInTrouble) logger.warn({ event: 'events.unread', err }, 'the events cannot be read: open streams wait');
        isInTrouble = true;
        await delay(TROUBLE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  function keep(events: readonly LoggedEvent[]): void {
    if (events.length === 0) return;
    kept.push(...events);
    newest = events.at(-1)?.place ?? newest;
    const dropped = kept.splice(0, Math.max(0, kept.length - KEPT));
    keptAfter = dropped.at(-1)?.place ?? keptAfter;
    wakeAll();
  }

  function wakeAll(): void {
    for (const wake of waiting) wake();
    waiting.clear();
  }

  const untilNews = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const wake = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        waiting.delete(wake);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(wake);
    });

  return {
    newest: async () => (isPlaced ? newest : ask(() => tail.lastPlace())),
    async findGap(after) {
      // The place first: events that go meanwhile lie behind it.
      const last = await ask(() => tail.lastPlace());
      const gone = await ask(() => tail.trimmedUpTo());
      if (isPlaceBefore(last, after)) return last;
      return gone !== undefined && isPlaceBefore(after, gone) ? gone : undefined;
    },
    async next(from, tenant, signal, onSeen) {
      let after = from;
      for (;;) {
        signal.throwIfAborted();
        const isInMemory = !isPlaceBefore(after, keptAfter);
        const found = isInMemory ? kept.slice(firstBehind(kept, after)) : await ask(() => tail.readAfter(after, AT_ONCE));
        // Asked after the read: a trim before it may have taken what the reader has not seen.
        const gone = isInMemory ? undefined : await ask(() => tail.trimmedUpTo());
        if (gone !== undefined && isPlaceBefore(after, gone)) return { events: [], place: gone, gap: gone };
        const place = found.at(-1)?.place;
        const events = found.flatMap((logged) => {
          const event = logged.tenant === tenant ? eventOf(logged, 1) : undefined;
          return event === undefined ? [] : [{ place: logged.place, event }];
        });
        if (events.length > 0 && place !== undefined) return { events, place };
        // Behind the events of others, and behind those that memory has and Redis has not any more.
        after = place ?? (isInMemory ? after : keptAfter);
        onSeen?.(after);
        if (isInMemory && (place === undefined || !isPlaceBefore(place, newest))) await untilNews(signal);
      }
    },
    start() {
      reading ??= read();
      return Promise.resolve();
    },
    async stop() {
      stopping.abort();
      await reading;
    },
  };
}

/** Asks Redis, which may be away. */
async function ask<Reply>(call: () => Promise<Reply>): Promise<Reply> {
  try {
    return await call();
  } catch (cause) {
    throw new QueueUnavailableError('could not read the events: redis does not answer', { reached: 'no', cause });
  }
}

/** Finds the first event behind a place, by halves. */
function firstBehind(events: readonly LoggedEvent[], place: string): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isPlaceBefore(place, events[middle]?.place ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}
