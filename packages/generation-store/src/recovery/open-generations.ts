import { defined } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { boughtKey, openKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { openPages } from '../lua/open-pages.ts';
import { prelude } from '../lua/prelude.ts';
import type { OpenCursor } from './findings.ts';

/** Replies entries of the sorted set KEYS[1] with their scores in turn, behind one entry or from the beginning. */
const pageScript = createNamedScript(['score', 'id', 'count'])(/* lua */ `${prelude}${openPages}
return pageAfter(KEYS[1], score, id, tonumber(count))
`);

/** Removes the entries of the sorted set KEYS[1] up to a score, at most a thousand. Replies their number. */
const forgetUpToScript = createNamedScript(['score'])(/* lua */ `${prelude}
local entries = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', score, 'LIMIT', 0, 1000)
if #entries > 0 then redis.call('ZREM', KEYS[1], unpack(entries)) end
return #entries
`);

/** Number and oldest of the generations with a live submission or money on hold. */
export interface OpenGenerations {
  count: number;
  oldest?: {
    generationId: string;
    /** Milliseconds since 1970, by Redis time. */
    createdAt: number;
  };
}

/** Returns the number and the oldest of the open generations. */
export async function readOpenGenerations(redis: Redis, prefix: string): Promise<OpenGenerations> {
  const [count, [generationId, createdAt]] = await Promise.all([
    redis.zcard(openKey(prefix)),
    redis.zrange(openKey(prefix), '0', '0', 'WITHSCORES'),
  ]);
  return { count, ...defined({ oldest: generationId === undefined ? undefined : { generationId, createdAt: Number(createdAt) } }) };
}

/** A page of the open generations; `next` is absent after the last one. */
export interface OpenPage {
  generationIds: string[];
  next?: OpenCursor;
}

/**
 * Reads the open generations, the oldest first, a page at a time. Additions and ends meanwhile make it skip none.
 * @param after End of the page before.
 */
export const readOpenPage = (redis: Redis, prefix: string, after: OpenCursor | undefined, count: number): Promise<OpenPage> =>
  readPage(redis, prefix, openKey(prefix), after, count);

/** Reads the generations that were bought long after their ids were minted, by the time at which they were, a page at a time. */
export const readBoughtPage = (redis: Redis, prefix: string, after: OpenCursor, count: number): Promise<OpenPage> =>
  readPage(redis, prefix, boughtKey(prefix), after, count);

/**
 * Forgets purchases before a time.
 * @param before Milliseconds since 1970.
 */
export async function forgetBought(redis: Redis, prefix: string, before: number): Promise<void> {
  while (Number(await forgetUpToScript.run(redis, boughtKey(prefix), prefix, { score: before })) > 0);
}

async function readPage(redis: Redis, prefix: string, key: string, after: OpenCursor | undefined, count: number): Promise<OpenPage> {
  const place = { score: after?.createdAt, id: after?.generationId, count };
  const rows = z.array(z.string()).parse(await pageScript.run(redis, key, prefix, place));
  const entries = rows.flatMap((generationId, at) => (at % 2 === 0 ? [{ generationId, createdAt: Number(rows[at + 1]) }] : []));
  const last = entries.at(-1);
  const isLast = last === undefined || entries.length < count;
  return { generationIds: entries.map(({ generationId }) => generationId), ...defined({ next: isLast ? undefined : last }) };
}

/** Ids that are read at once: about a millisecond of Redis. */
const PAGE = 1000;

/** Yields the ids of all open generations, the oldest first. */
export async function* listOpen(redis: Redis, prefix: string): AsyncGenerator<string, void, undefined> {
  let after: OpenCursor | undefined;
  do {
    const page: OpenPage = await readOpenPage(redis, prefix, after, PAGE);
    yield* page.generationIds;
    after = page.next;
  } while (after !== undefined);
}
