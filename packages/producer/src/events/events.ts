import type { durableEvents } from '@darkroom/contracts';

/** An event of a generation. */
export interface DarkroomEvent {
  event: (typeof durableEvents)[number];
  /** The same for each repetition of this event: a caller that keeps the ids it has handled drops repetitions by it. */
  eventId: string;
  generationId: string;
  tenant: string;
  /** Names of provider and model, as in `GenerationView`. */
  provider: string;
  model: string;
  /** Redis time, in milliseconds since 1970. */
  at: number;
  /**
   * The revision of the generation that the event made; a view with this revision or a higher one shows it. Absent in events of an earlier version,
   * and if Redis holds no entry of the generation.
   */
  revision?: number;
  /** The trace context of the enqueue. */
  traceparent?: string;
  /** Image and purchase of an event about one. */
  index?: number;
  n?: number;
  /** How often this event was handed to a consumer of the group, this time included. */
  deliveries: number;
}

/**
 * Events are gone before the group has read or acknowledged them: it was not read for a week, or was a million events behind. `list` with
 * `finishedFrom` finds what ended meanwhile. May come behind an event that is younger.
 */
export interface EventsGap {
  event: 'events.gap';
  /** Redis time up to which events are gone, in milliseconds since 1970. */
  until: number;
}

/** Options of `createEvents`. */
export interface EventsOptions {
  /** Address of the Redis that the workers use. */
  redisUrl: string;
  /** First part of every key, as for `createProducer`. Defaults to "{darkroom}". */
  prefix?: string;
  /**
   * Name of the group: 1 to 64 letters, digits, ".", "_" or "-". Each group gets every event; the consumers of a group share them. Redis
   * keeps the place of a group while no consumer runs.
   */
  group: string;
  /** Name of this consumer in its group; a consumer that starts again under its name continues with what it had not acknowledged. */
  consumer?: string;
  /** Where a new group begins: with the "next" event, or with the "oldest" that Redis has. Defaults to "next". */
  from?: 'next' | 'oldest';
  /**
   * Passes on the events of this tenant alone. The group is then one of this tenant: groups with the same name and different tenants, or none,
   * are independent. Redis names it `<group>@<tenant>`, with each letter of the tenant but letters, digits, "_", "." and "-" as "~" and its code.
   */
  tenant?: string;
  /**
   * Time in milliseconds after which another consumer takes over an event of a consumer that died. A consumer that still works on one keeps
   * it. Defaults to 60,000; at least 1,000.
   */
  takeOverMs?: number;
}

/**
 * Events, at least once: `for await (const event of events)`. An event is acknowledged when the loop asks for the next one. A process that
 * dies in between, or leaves the loop by an error, gets the event again, or another consumer does after `takeOverMs`. After ten vain
 * deliveries an event is put aside (`…:events-dead` in Redis), and the process warns.
 */
export interface Events extends AsyncIterable<DarkroomEvent | EventsGap> {
  /** Ends the loop and disconnects. May be called twice. */
  close(): Promise<void>;
}
