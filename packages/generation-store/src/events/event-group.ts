import type { Redis } from 'ioredis';
import { z } from 'zod';
import { checkFormat } from '../connection/check-format.ts';
import { eventLogKey, eventsGapsKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { isPlaceBefore, parseLoggedEvent, readSchema, rowsSchema, type LoggedEvent } from './logged-event.ts';

const DEAD_EVENTS = 10_000;
const CONSUMER_GONE_MS = 24 * 3_600_000;

const claimSchema = z.tuple([z.string(), rowsSchema]).rest(z.unknown());
const pendingSchema = z.array(z.tuple([z.string(), z.string(), z.number(), z.number()]));

/** The events as one consumer of a group reads them (Redis docs, "Streams", consumer groups). */
export interface EventGroup {
  /** @throws NewerFormatError for a store of a format that this build does not know. */
  checkFormat(): Promise<void>;
  /**
   * Makes the group, if there is none. @param from Where it begins to read: a place, "0" for the oldest event, "$" for the next one.
   * @returns true if it was made.
   */
  create(from: string): Promise<boolean>;
  /** Returns the oldest event that this consumer took and has not acknowledged, and that lies behind a place. */
  readOwn(after: string): Promise<LoggedEvent | undefined>;
  /** Takes over the oldest event that a consumer has not acknowledged for so long. */
  takeOver(idleMs: number): Promise<LoggedEvent | undefined>;
  /** Takes the next event; waits for one for at most `blockMs`. */
  readNext(blockMs: number): Promise<LoggedEvent | undefined>;
  /** Returns how often an event was handed out. */
  deliveries(place: string): Promise<number>;
  /** Keeps an event from being taken over. */
  prolong(place: string): Promise<void>;
  acknowledge(place: string): Promise<void>;
  /** Puts aside an event that no consumer could handle, and acknowledges it. */
  giveUp(event: LoggedEvent): Promise<void>;
  /** Returns the place of the last event that is gone and that the group has not read or acknowledged; undefined if it has missed none. */
  findGap(): Promise<string | undefined>;
  /** Lets the group go on behind a gap of which a consumer was told. */
  passGap(place: string): Promise<void>;
  /** Forgets the consumers that ended long ago with nothing unacknowledged. */
  forgetConsumers(): Promise<void>;
}

/** Forgets a gap, unless a trim has widened it meanwhile. */
const passGapScript = createNamedScript(['group', 'place'])(/* lua */ `
if redis.call('HGET', KEYS[1], group) == place then redis.call('HDEL', KEYS[1], group) end
`);

/** @param redis A connection of this consumer alone: a read blocks it. */
export function buildEventGroup(redis: Redis, prefix: string, group: string, consumer: string): EventGroup {
  const log = eventLogKey(prefix);
  /** A mark of trimmed events that the group has passed. Each event asks for it, and only a new mark for the place of the group. */
  let passed: string | undefined;
  const acknowledge = async (place: string): Promise<void> => void (await redis.xack(log, group, place));
  const putAside = async (place: string, flat: readonly string[]): Promise<void> => {
    await redis.xadd(`${prefix}:events-dead`, 'MAXLEN', '~', DEAD_EVENTS, '*', 'group', group, 'place', place, ...flat);
    await acknowledge(place);
  };
  const read = async (from: string, blockMs?: number): Promise<LoggedEvent | undefined> => {
    for (;;) {
      const reply = readSchema.parse(
        await (blockMs === undefined
          ? redis.xreadgroup('GROUP', group, consumer, 'COUNT', 1, 'STREAMS', log, from)
          : redis.xreadgroup('GROUP', group, consumer, 'COUNT', 1, 'BLOCK', blockMs, 'STREAMS', log, from)),
      );
      const [row] = reply?.[0]?.[1] ?? [];
      if (row === undefined) return undefined;
      const [place, flat] = row;
      if (flat !== null) return parseLoggedEvent(place, flat);
      // It was trimmed before it was acknowledged: the trim has noted the gap.
      await acknowledge(place);
    }
  };
  /** Returns the place of the last event that the group has read. */
  const lastRead = async (): Promise<string> => {
    const groups = z.array(z.array(z.unknown())).parse(await redis.xinfo('GROUPS', log));
    const own = groups.map(toFields).find(({ name }) => name === group);
    // a group that is gone is made anew by its reader
    return own?.['last-delivered-id'] ?? '18446744073709551615-0';
  };
  return {
    checkFormat: () => checkFormat(redis, prefix),
    async create(from) {
      passed = undefined;
      try {
        await redis.xgroup('CREATE', log, group, from, 'MKSTREAM');
        return true;
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('BUSYGROUP')) return false;
        throw error;
      }
    },
    readOwn: (after) => read(after),
    async takeOver(idleMs) {
      const [, [row]] = claimSchema.parse(await redis.xautoclaim(log, group, consumer, idleMs, '0', 'COUNT', 1));
      if (row === undefined) return undefined;
      const [place, flat] = row;
      // Redis 6 hands out what was trimmed; later versions forget it by themselves.
      return flat === null ? acknowledge(place).then(() => undefined) : parseLoggedEvent(place, flat);
    },
    readNext: (blockMs) => read('>', blockMs),
    async deliveries(place) {
      const [row] = pendingSchema.parse(await redis.xpending(log, group, place, place, 1));
      return row?.[3] ?? 1;
    },
    prolong: async (place) => void (await redis.xclaim(log, group, consumer, 0, place, 'JUSTID')),
    acknowledge,
    async giveUp({ place, raw, ...fields }) {
      const flat = raw ?? Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
      await putAside(place, flat);
    },
    async findGap() {
      // A user with the rights of an earlier version may not ask.
      const noted = await redis.hget(eventsGapsKey(prefix), group).catch(ifNotPermitted);
      if (noted !== null) return noted;
      const trimmed = await redis.get(`${prefix}:events-trimmed`);
      // A trim of an earlier version notes no group. The place of a group only moves on: a mark that it has passed once stays passed.
      if (trimmed === null || trimmed === passed) return undefined;
      if (isPlaceBefore(await lastRead(), trimmed)) return trimmed;
      passed = trimmed;
      return undefined;
    },
    async passGap(place) {
      await passGapScript.run(redis, eventsGapsKey(prefix), prefix, { group, place }).catch(ifNotPermitted);
      // Never back: another consumer may have read on.
      if (isPlaceBefore(await lastRead(), place)) await redis.xgroup('SETID', log, group, place);
    },
    async forgetConsumers() {
      const consumers = z.array(z.array(z.unknown())).parse(await redis.xinfo('CONSUMERS', log, group));
      for (const { name = '', pending, idle } of consumers.map(toFields))
        if (name !== consumer && pending === '0' && Number(idle) > CONSUMER_GONE_MS) await redis.xgroup('DELCONSUMER', log, group, name);
    },
  };
}

function ifNotPermitted(error: unknown): null {
  if (error instanceof Error && error.message.includes('NOPERM')) return null;
  throw error;
}

const toFields = (flat: readonly unknown[]): Partial<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, at) => [String(flat[2 * at]), String(flat[2 * at + 1])]));
