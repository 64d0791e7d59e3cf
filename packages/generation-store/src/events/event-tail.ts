import type { Redis } from 'ioredis';
import { eventLogKey } from '../keys.ts';
import { parseLoggedEvent, readSchema, rowsSchema, type LoggedEvent } from './logged-event.ts';
import type { z } from 'zod';

/** The events as a reader without a group sees them: it keeps its place by itself. Redis keeps an event for an hour at least. */
export interface EventTail {
  /** Returns the place of the newest event, even of one that is gone; "0-0" if there never was one. */
  lastPlace(): Promise<string>;
  /** Reads events behind a place. */
  readAfter(place: string, count: number): Promise<LoggedEvent[]>;
  /** Reads the newest events, the oldest of them first. */
  readLast(count: number): Promise<LoggedEvent[]>;
  /** Returns the place of the last event that is gone; undefined if none is. */
  trimmedUpTo(): Promise<string | undefined>;
}

/** @param redis Is not blocked by these calls. */
export function buildEventTail(redis: Redis, prefix: string): EventTail {
  const log = eventLogKey(prefix);
  return {
    async lastPlace() {
      const [row] = rowsSchema.parse(await redis.xrevrange(log, '+', '-', 'COUNT', 1));
      // An hour without an event empties the log, and a reader that has its last one has lost nothing.
      return row?.[0] ?? (await redis.get(`${prefix}:events-trimmed`)) ?? '0-0';
    },
    readAfter: async (place, count) => eventsOf(rowsSchema.parse(await redis.xrange(log, `(${place}`, '+', 'COUNT', count))),
    readLast: async (count) => eventsOf(rowsSchema.parse(await redis.xrevrange(log, '+', '-', 'COUNT', count))).toReversed(),
    trimmedUpTo: async () => (await redis.get(`${prefix}:events-trimmed`)) ?? undefined,
  };
}

/** Waits for events behind a place, for at most `blockMs`. @param redis A connection for this alone: the wait blocks it. */
export async function waitForEvents(redis: Redis, prefix: string, place: string, blockMs: number, count: number): Promise<LoggedEvent[]> {
  const reply = readSchema.parse(await redis.xread('COUNT', count, 'BLOCK', blockMs, 'STREAMS', eventLogKey(prefix), place));
  return eventsOf(reply?.[0]?.[1] ?? []);
}

const eventsOf = (rows: z.infer<typeof rowsSchema>): LoggedEvent[] =>
  rows.flatMap(([place, flat]) => (flat === null ? [] : [parseLoggedEvent(place, flat)]));
