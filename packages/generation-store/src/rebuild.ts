import type { PeriodMoney } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { rebuildKey } from './keys.ts';
import { beginRebuildScript, bookPastScript, finishRebuildScript } from './scripts/server-run.ts';

/** A rebuild that is to open the store. */
export interface RebuiltStore {
  id: string;
  run: string;
  epoch: string;
  ownerId?: string;
}

/** A rebuild that was begun, by this process or by one before it. */
export interface BegunRebuild {
  kind: 'begun';
  id: string;
  /** How long ago it was begun, in milliseconds. */
  ageMs: number;
  /** The run of the server that it must end in. */
  run: string;
}

const beginReplySchema = z.union([
  z.tuple([z.enum(['open', 'reading'])]),
  z.tuple([z.literal('begun'), z.string(), z.coerce.number(), z.string()]),
]);

/**
 * Begins to rebuild a store without an epoch, or goes on with what was begun. @param id Names it, if it is the first.
 * @returns "reading" when a rebuild has opened it and reads on.
 */
export async function beginRebuild(
  redis: Redis,
  prefix: string,
  id: string,
): Promise<BegunRebuild | { kind: 'open' } | { kind: 'reading' }> {
  const reply = beginReplySchema.parse(await beginRebuildScript.run(redis, rebuildKey(prefix), [prefix, id]));
  return reply[0] === 'begun' ? { kind: 'begun', id: reply[1], ageMs: reply[2], run: reply[3] } : { kind: reply[0] };
}

/** So many periods are booked at once: a script is alone on the server. */
const BOOKED_AT_ONCE = 200;
const nothing: PeriodMoney = { settled: 0, expected: 0, reported: 0, unreported: 0, differing: 0 };

/**
 * Books money of generations that get no entry, by period. Given anew, other sums take the place of those that this rebuild has booked.
 * @returns "emptied" when Redis lost its memory since the rebuild was begun, "open" when another rebuild was first.
 */
export async function bookPast(
  redis: Redis,
  prefix: string,
  id: string,
  sums: ReadonlyMap<string, PeriodMoney>,
): Promise<'booked' | 'open' | 'emptied'> {
  const key = rebuildKey(prefix);
  // A rebuild that was begun before may have booked a period in which nothing is left.
  const periods = [...new Set([...(await readBooked(redis, key)), ...sums.keys()])];
  for (let at = 0; at < periods.length; at += BOOKED_AT_ONCE) {
    const some = periods.slice(at, at + BOOKED_AT_ONCE).flatMap((period) => {
      const { settled, expected, reported, unreported, differing } = sums.get(period) ?? nothing;
      return [period, settled, expected, reported, unreported, differing];
    });
    const reply = z.enum(['booked', 'open', 'emptied']).parse(await bookPastScript.run(redis, key, [prefix, id, ...some]));
    if (reply !== 'booked') return reply;
  }
  return 'booked';
}

/** Reads the periods that a rebuild has booked, a page at a time: of many tenants there are a hundred thousand. */
async function readBooked(redis: Redis, key: string): Promise<Set<string>> {
  const booked = new Set<string>();
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(key, cursor, 'MATCH', 'past:*', 'COUNT', BOOKED_AT_ONCE);
    for (let at = 0; at < flat.length; at += 2) booked.add((flat[at] ?? '').slice('past:'.length));
    cursor = next;
  } while (cursor !== '0');
  return booked;
}

/**
 * Opens the store. @returns "emptied" when Redis lost its memory since the rebuild was begun, "restarted" when it may have forgotten
 * the last moments of it, "open" when another rebuild was first.
 */
export async function finishRebuild(
  redis: Redis,
  prefix: string,
  { id, run, epoch, ownerId = '' }: RebuiltStore,
): Promise<'opened' | 'open' | 'emptied' | 'restarted'> {
  const reply = await finishRebuildScript.run(redis, rebuildKey(prefix), [prefix, epoch, id, run, ownerId]);
  return z.enum(['opened', 'open', 'emptied', 'restarted']).parse(reply);
}
