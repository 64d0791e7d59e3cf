import { setTimeout as delay } from 'node:timers/promises';
import { QueueUnavailableError } from '@darkroom/contracts';
import { isPlaceBefore, type EventTail, type LoggedEvent } from '@darkroom/generation-store';
import type { DarkroomEvent } from '@darkroom/producer';
import { eventOf } from '@darkroom/producer/shared';
import { explainShortly, type Logger, type Service } from '@darkroom/service-runtime';
import { createHistory } from './history.ts';

/** Events kept in memory, the last ones before a start too: all streams that keep up, or come back soon, read from here. */
const KEPT = 5000;
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
  next(after: string, reader: FeedReader, signal: AbortSignal, onSeen?: (place: string) => void): Promise<FeedPage>;
}

/** A reader of the feed, the same object for each of its pages. Old events come to the readers of one key after those of another one. */
export interface FeedReader {
  tenant: string;
  keyId: string;
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
  /** Number of failovers that lost events which memory had. */
  let rewinds = 0;
  /** Last event in Redis after the newest of these failovers. */
  let rewoundTo = '0-0';
  const rewindsSeen = new WeakMap<FeedReader, number>();
  let reading: Promise<void> | undefined;
  /** True after a read that failed: one line in the log for each trouble, however long. */
  let isInTrouble = false;
  const waiting = new Set<() => void>();
  const history = createHistory({ readAfter: (place) => tail.readAfter(place, AT_ONCE), now: () => performance.now() });

  async function read(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (!isPlaced) {
          const [oldest, ...last] = await tail.readLast(KEPT);
          newest = last.at(-1)?.place ?? oldest?.place ?? (await tail.lastPlace());
          keptAfter = oldest?.place ?? newest;
          kept.push(...last);
          isPlaced = true;
          wakeAll();
        }
        const found = await wait(newest, BLOCK_MS, AT_ONCE);
        keep(found);
        if (found.length === 0) await noticeRewind();
        if (isInTrouble) logger.info({ event: 'events.read-again' }, 'the events are read again');
        isInTrouble = false;
      } catch (err) {
        if (stopping.signal.aborted) return;
        if (!isInTrouble)
          logger.warn({ event: 'events.unread', reason: explainShortly(err) }, 'the events cannot be read: open streams wait');
        isInTrouble = true;
        await delay(TROUBLE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  /** Begins anew if a replica that lagged took over: the next events may have places before those that memory has. */
  async function noticeRewind(): Promise<void> {
    const last = await tail.lastPlace();
    if (!isPlaceBefore(last, newest)) return;
    kept.length = 0;
    isPlaced = false;
    rewinds += 1;
    rewoundTo = last;
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
    async next(from, reader, signal, onSeen) {
      const { tenant, keyId } = reader;
      let after = from;
      for (;;) {
        signal.throwIfAborted();
        const seen = rewindsSeen.get(reader) ?? rewinds;
        rewindsSeen.set(reader, rewinds);
        if (seen !== rewinds && isPlaceBefore(rewoundTo, after)) return { events: [], place: rewoundTo, gap: rewoundTo };
        const isInMemory = !isPlaceBefore(after, keptAfter);
        const found = isInMemory ? behind(kept, after) : await ask(() => history.read(keyId, after, signal), signal);
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
      history.stop();
      await reading;
    },
  };
}

/** Asks Redis, which may be away. @param signal Of the reader: its reason is no trouble. */
async function ask<Reply>(call: () => Promise<Reply>, signal?: AbortSignal): Promise<Reply> {
  try {
    return await call();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new QueueUnavailableError('could not read the events: redis does not answer', { reached: 'no', cause });
  }
}

/** Returns the next events behind a place, which it finds by halves. */
function behind(events: readonly LoggedEvent[], place: string): LoggedEvent[] {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isPlaceBefore(place, events[middle]?.place ?? '')) high = middle;
    else low = middle + 1;
  }
  return events.slice(low, low + AT_ONCE);
}
