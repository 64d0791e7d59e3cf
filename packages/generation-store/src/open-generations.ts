import type { OpenCursor } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from './keys.ts';
import { openPageScript } from './scripts/open.ts';

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

/** A page of the open generations; `next` is absent after the last one. */
export interface OpenPage {
  generationIds: string[];
  next?: OpenCursor;
}

/**
 * Reads the open generations, the oldest first, a page at a time. None is passed over because others are added or end meanwhile.
 * @param after Where the page before ended.
 */
export async function readOpenPage(redis: Redis, prefix: string, after: OpenCursor | undefined, count: number): Promise<OpenPage> {
  const place = after === undefined ? ['', ''] : [after.createdAt, after.generationId];
  const rows = z.array(z.string()).parse(await openPageScript.run(redis, openKey(prefix), [prefix, ...place, count]));
  const entries = rows.flatMap((generationId, at) => (at % 2 === 0 ? [{ generationId, createdAt: Number(rows[at + 1]) }] : []));
  const last = entries.at(-1);
  const isLast = last === undefined || entries.length < count;
  return { generationIds: entries.map(({ generationId }) => generationId), ...(isLast ? {} : { next: last }) };
}

/** So many ids are read at once: about a millisecond of Redis. */
const PAGE = 1000;

/** The ids of all open generations, the oldest first. */
export async function* listOpen(redis: Redis, prefix: string): AsyncGenerator<string, void, undefined> {
  let after: OpenCursor | undefined;
  do {
    const page: OpenPage = await readOpenPage(redis, prefix, after, PAGE);
    yield* page.generationIds;
    after = page.next;
  } while (after !== undefined);
}
