import type { Redis } from 'ioredis';
import { openKey } from './keys.ts';

/** The generations that still have a live submission, or money on hold. */
export interface OpenGenerations {
  count: number;
  oldest?: {
    generationId: string;
    /** Milliseconds since 1970, by Redis time. */
    createdAt: number;
  };
}

/** Counts what is open and names the oldest of it. */
export async function readOpenGenerations(redis: Redis, prefix: string): Promise<OpenGenerations> {
  const [count, [generationId, createdAt]] = await Promise.all([
    redis.zcard(openKey(prefix)),
    redis.zrange(openKey(prefix), '0', '0', 'WITHSCORES'),
  ]);
  return { count, ...(generationId === undefined ? {} : { oldest: { generationId, createdAt: Number(createdAt) } }) };
}
