import type { Redis } from 'ioredis';
import { namedKey } from '../keys.ts';

/** Most words to keep; beyond that the oldest are dropped, and may be named once more. */
const MAX_NAMED = 10_000;
const NAMED_FOR_MS = 24 * 3_600_000;
const PAGE = 1000;

/** Returns the findings that passes of the last day have named, a word for each. */
export async function readNamed(redis: Redis, prefix: string): Promise<Set<string>> {
  const named = new Set<string>();
  for (let from = 0; from < MAX_NAMED; from += PAGE) {
    const page = await redis.zrange(namedKey(prefix), String(from), String(from + PAGE - 1));
    for (const word of page) named.add(word);
    if (page.length < PAGE) break;
  }
  return named;
}

/**
 * Records the findings that a pass has named, and forgets those that none has named for a day.
 * @param at Milliseconds since 1970.
 */
export async function rememberNamed(redis: Redis, prefix: string, words: readonly string[], at: number): Promise<void> {
  const key = namedKey(prefix);
  // No more than the limit: the surplus is removed in one piece.
  const kept = words.slice(-MAX_NAMED);
  for (let from = 0; from < kept.length; from += PAGE)
    await redis.zadd(key, ...kept.slice(from, from + PAGE).flatMap((word) => [String(at), word]));
  await redis.zremrangebyrank(key, 0, -MAX_NAMED - 1);
  await redis.zremrangebyscore(key, '-inf', at - NAMED_FOR_MS);
}
