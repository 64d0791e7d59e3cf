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

/** So many ids are read at once. */
const PAGE = 5000;

/** The ids of all open generations, the oldest first. */
export async function* listOpen(redis: Redis, prefix: string): AsyncGenerator<string, void, undefined> {
  let page: string[];
  let at = 0;
  do {
    page = await redis.zrange(openKey(prefix), String(at), String(at + PAGE - 1));
    yield* page;
    at += PAGE;
  } while (page.length === PAGE);
}
