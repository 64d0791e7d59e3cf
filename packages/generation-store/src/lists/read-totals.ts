import { generationStatuses, isFinalGeneration, type GenerationStatus } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { totalsKey } from '../keys.ts';
import { codeOfAnswer, refusalCodes } from './read-minutes.ts';

/** Counts since the store was made, or since its Redis was rebuilt. */
export interface Totals {
  /** Generations that ended, by status. */
  ended: Readonly<Partial<Record<GenerationStatus, number>>>;
  /** Refused enqueues and retries, by the code of the error (`refusalCodes`). */
  refused: Readonly<Record<string, number>>;
  /** Submissions that are paid, or may be, and brought no image. */
  notHere: Readonly<Record<'lost' | 'unknown', number>>;
}

const countSchema = z.coerce.number().int().catch(0);

/** Reads the totals: one small hash, whatever the store holds. */
export async function readTotals(redis: Redis, prefix: string): Promise<Totals> {
  const fields = await redis.hgetall(totalsKey(prefix));
  const count = (name: string): number => countSchema.parse(fields[name] ?? 0);
  const refused = Object.fromEntries(refusalCodes.map((code) => [code, 0]));
  for (const name of Object.keys(fields)) {
    if (!name.startsWith('refused:')) continue;
    const code = codeOfAnswer[name.slice('refused:'.length)] ?? 'other';
    refused[code] = (refused[code] ?? 0) + count(name);
  }
  const ended = Object.fromEntries(generationStatuses.filter(isFinalGeneration).map((status) => [status, count(`ended:${status}`)]));
  return {
    ended,
    refused,
    notHere: { lost: count('not-here:lost'), unknown: count('not-here:unknown') },
  };
}
