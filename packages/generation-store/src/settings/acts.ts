import { defined } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { actsKey } from '../keys.ts';

/** Acts that Redis keeps; the log of the dashboard has them all. */
const KEPT = 1000;

const actSchema = z.object({
  act: z.string(),
  who: z.string().optional(),
  reason: z.string().optional(),
  /** What it concerns: an id, a cap, a kind of pause. */
  on: z.string().optional(),
});

/** An act of an operator. */
export type Act = z.infer<typeof actSchema> & {
  /** Redis time, in milliseconds since 1970. */
  at: number;
};

/** Notes that an operator asks for an act. */
export const noteAct = async (redis: Redis, prefix: string, act: Omit<Act, 'at'>): Promise<void> =>
  void (await redis.xadd(actsKey(prefix), 'MAXLEN', '~', KEPT, '*', ...Object.entries(defined(act)).flat().map(String)));

/** Reads the last acts, the newest first. */
export async function readActs(redis: Redis, prefix: string, count: number): Promise<Act[]> {
  const entries = await redis.xrevrange(actsKey(prefix), '+', '-', 'COUNT', count);
  return entries.flatMap(([id, flat]) => {
    const fields = Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
    const { data } = actSchema.safeParse(fields);
    return data === undefined ? [] : [{ ...data, at: Number(id.split('-')[0]) }];
  });
}
