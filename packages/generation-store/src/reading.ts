import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readingKey, rebuildKey } from './keys.ts';
import {
  endReadingScript,
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

/** What a rebuild that reads on keeps in Redis: every method is one script or a few. */
export interface ReadingStore {
  /** Notes generations that will not be read when the store opens. @returns false when this rebuild may not open it any more. */
  noteUnread(id: string, generationIds: readonly string[]): Promise<boolean>;
  /** Notes what was held and charged by period. @returns false when this rebuild may not open it any more. */
  noteUnreadMoney(id: string, sums: ReadonlyMap<string, NanoUsd>): Promise<boolean>;
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
  /** Notes that a generation is back. @param charged What is in the ledger now, and in the sums, by period. @returns false the second time. */
  noteRead(id: string, generationId: string, charged: ReadonlyMap<string, NanoUsd>): Promise<boolean>;
  /** Keeps a generation from buying until all is read. */
  holdBack(id: string, generationId: string): Promise<void>;
  /** Ends the reading, if nothing is left. "restarted": Redis is not compared since it restarted. */
  endReading(id: string): Promise<'opened' | 'open' | 'emptied' | 'restarted' | 'unread'>;
}

/** So many are noted at once: a script is alone on the server. */
const AT_ONCE = 500;
const number = z.coerce.number();
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

export function buildReadingStore({ prefix }: { prefix: string }, redis: Redis): ReadingStore {
  const [key, mark] = [readingKey(prefix), rebuildKey(prefix)];
  const inParts = async <Item>(items: readonly Item[], note: (some: readonly Item[]) => Promise<unknown>): Promise<boolean> => {
    for (let at = 0; at < items.length; at += AT_ONCE) if ((await note(items.slice(at, at + AT_ONCE))) !== 1) return false;
    return true;
  };
  return {
    noteUnread: (id, generationIds) => inParts(generationIds, (some) => noteUnreadScript.run(redis, mark, [prefix, id, ...some])),
    noteUnreadMoney: (id, sums) => inParts([...sums], (some) => noteUnreadMoneyScript.run(redis, mark, [prefix, id, ...some.flat()])),
    async openEarly({ id, run, epoch, ownerId = '' }, plan) {
      await redis.hset(`${prefix}:unread-money`, { '@fromDay': plan.fromDay, '@fromMonth': plan.fromMonth });
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
        const [next, some] = await redis.sscan(`${prefix}:unread`, cursor, 'COUNT', AT_ONCE);
        cursor = next;
        yield some;
      } while (cursor !== '0');
    },
    noteRead: async (id, generationId, charged) =>
      (await noteReadScript.run(redis, key, [prefix, id, generationId, ...[...charged].flat()])) === 1,
    holdBack: async (id, generationId) => void (await holdBackScript.run(redis, key, [prefix, id, generationId])),
    endReading: async (id) =>
      z.enum(['opened', 'open', 'emptied', 'restarted', 'unread']).parse(await endReadingScript.run(redis, key, [prefix, id])),
  };
}
