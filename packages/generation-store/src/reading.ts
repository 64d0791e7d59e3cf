import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readingKey, rebuildKey } from './keys.ts';
import type { LuaScript } from './lua-script.ts';
import {
  endReadingScript,
  findGrownUnreadScript,
  findReadingScript,
  findUnreadScript,
  holdBackScript,
  noteReadScript,
  noteUnreadMoneyScript,
  noteUnreadScript,
  readingFields,
} from './scripts/reading.ts';
import { finishRebuildScript } from './scripts/server-run.ts';

/** What a rebuild was asked for that opens the store before it has read everything: another process may go on. */
export interface ReadingPlan {
  /** Of generations older than this only those are brought back that are not over; milliseconds since 1970. */
  since: number;
  /** What ended before this gets no entry; milliseconds since 1970. */
  pastBefore: number;
  /** Redis time of the sums that bound what is unread, in milliseconds since 1970. */
  sumsAt: number;
  skipDamaged: boolean;
  /** The earliest day and month whose periods the sums tell. */
  fromDay: string;
  fromMonth: string;
}

/** A rebuild that has opened the store and reads on. */
export interface Reading extends ReadingPlan {
  id: string;
  /** Milliseconds since 1970. */
  openedAt: number;
  /** Generations that were to be read when the store was opened, and those that are left. */
  total: number;
  left: number;
}

/** "open": another rebuild was first. "emptied": Redis has lost what this one has begun. */
export type NotedForOpening = 'noted' | 'open' | 'emptied';

/** What a rebuild that reads on keeps in Redis: every method is one script or a few. */
export interface ReadingStore {
  /** Notes generations that will not be read when the store opens, each with how many names S3 holds of it. */
  noteUnread(id: string, names: ReadonlyMap<string, number>): Promise<NotedForOpening>;
  /** Notes what was held and charged by period. */
  noteUnreadMoney(id: string, sums: ReadonlyMap<string, NanoUsd>): Promise<NotedForOpening>;
  /** Opens the store before everything is read. Replies as `finishRebuild` does. */
  openEarly(
    rebuilt: { id: string; run: string; epoch: string; ownerId?: string },
    plan: ReadingPlan,
  ): Promise<'opened' | 'open' | 'emptied' | 'restarted'>;
  /** The rebuild that reads on; undefined while there is none. */
  findReading(): Promise<Reading | undefined>;
  /** Returns those generations that are not read yet. */
  findUnread(generationIds: readonly string[]): Promise<Set<string>>;
  /** Reads generations that are not read yet, a few at a time. */
  listUnread(): AsyncGenerator<string[], void, undefined>;
  /**
   * Notes that a generation is back. @param charged What is in the ledger now, and in the sums, by period.
   * @returns "known" the second time; "gone" when this rebuild reads no more in this Redis.
   */
  noteRead(id: string, generationId: string, charged: ReadonlyMap<string, NanoUsd>): Promise<'read' | 'known' | 'gone'>;
  /** Keeps a generation from buying until all is read. */
  holdBack(id: string, generationId: string): Promise<void>;
  /** Ends the reading, if nothing is left. "restarted": Redis is not compared since it restarted. */
  endReading(id: string): Promise<'opened' | 'open' | 'emptied' | 'restarted' | 'unread'>;
}

/** The turn of the one process that reads on: the command, or a worker after it has ended. */
export const READING_TURN = 'reading';
/** So many are noted at once: a script is alone on the server. */
const AT_ONCE = 500;
const number = z.coerce.number();
const notedSchema = z.enum(['noted', 'open', 'emptied']);
const readingSchema = z.union([
  z.tuple([]).transform(() => undefined),
  z
    .tuple([z.string(), number, number, number, number, number, z.enum(['0', '1']), z.string(), z.string(), number])
    .transform(([id, openedAt, total, since, pastBefore, sumsAt, skipDamaged, fromDay, fromMonth, left]): Reading => ({
      id,
      openedAt,
      total,
      since,
      pastBefore,
      sumsAt,
      skipDamaged: skipDamaged === '1',
      fromDay,
      fromMonth,
      left,
    })),
]);

/**
 * Finds those unread generations of which S3 holds more names than before the store was opened; undefined while no rebuild reads.
 * @param names How many names S3 holds of each.
 */
export async function findGrownUnread(redis: Redis, prefix: string, names: ReadonlyMap<string, number>): Promise<Set<string> | undefined> {
  const reply = await findGrownUnreadScript.run(redis, readingKey(prefix), [prefix, ...[...names].flat()]);
  return reply === null ? undefined : new Set(z.array(z.string()).parse(reply));
}

export function buildReadingStore({ prefix }: { prefix: string }, redis: Redis): ReadingStore {
  const [key, mark] = [readingKey(prefix), rebuildKey(prefix)];
  const noteInParts = async (script: LuaScript, id: string, items: ReadonlyMap<string, number>): Promise<NotedForOpening> => {
    const flat = [...items];
    for (let at = 0; at < flat.length; at += AT_ONCE) {
      const reply = notedSchema.parse(await script.run(redis, mark, [prefix, id, ...flat.slice(at, at + AT_ONCE).flat()]));
      if (reply !== 'noted') return reply;
    }
    return 'noted';
  };
  return {
    noteUnread: (id, names) => noteInParts(noteUnreadScript, id, names),
    noteUnreadMoney: (id, sums) => noteInParts(noteUnreadMoneyScript, id, sums),
    async openEarly({ id, run, epoch, ownerId = '' }, plan) {
      const fields = readingFields.flatMap((field) => [field, field === 'skipDamaged' ? Number(plan[field]) : plan[field]]);
      const reply = await finishRebuildScript.run(redis, mark, [prefix, epoch, id, run, ownerId, ...fields]);
      return z.enum(['opened', 'open', 'emptied', 'restarted']).parse(reply);
    },
    findReading: async () => readingSchema.parse(await findReadingScript.run(redis, key, [prefix])),
    findUnread: async (generationIds) =>
      new Set(
        generationIds.length === 0 ? [] : z.array(z.string()).parse(await findUnreadScript.run(redis, key, [prefix, ...generationIds])),
      ),
    async *listUnread() {
      let cursor = '0';
      do {
        const [next, some] = await redis.hscan(`${prefix}:unread`, cursor, 'COUNT', AT_ONCE);
        cursor = next;
        // each with how many names S3 held of it
        yield some.filter((_, at) => at % 2 === 0);
      } while (cursor !== '0');
    },
    noteRead: async (id, generationId, charged) =>
      z.enum(['read', 'known', 'gone']).parse(await noteReadScript.run(redis, key, [prefix, id, generationId, ...[...charged].flat()])),
    holdBack: async (id, generationId) => void (await holdBackScript.run(redis, key, [prefix, id, generationId])),
    endReading: async (id) =>
      z.enum(['opened', 'open', 'emptied', 'restarted', 'unread']).parse(await endReadingScript.run(redis, key, [prefix, id])),
  };
}
