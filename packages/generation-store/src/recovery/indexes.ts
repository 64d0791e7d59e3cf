import { isGenerationId } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey, openKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { nameArguments, namedReply } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { holdingPeriods } from './ledger.ts';

/** Removes a generation without an entry from the index of open ones. Replies 1 if it did. */
const dropOpenScript = createNamedScript(['id'])(/* lua */ `${prelude}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return redis.call('ZREM', prefix .. ':open', id)
`);

const ofKeys = nameArguments(['key']);
const ofIds = nameArguments(['id']);

/** Returns those generations that no index knows although they have no time to live. */
const unindexedScript = createLuaScript(/* lua */ `${prelude}
local reply = {}
${ofIds.each()}
  if not redis.call('ZSCORE', prefix .. ':open', id) and redis.call('TTL', prefix .. ':generation:' .. id) == -1 then reply[#reply + 1] = id end
end
return reply
`);

/** Returns those idempotency keys without a time to live that belong to a generation without an entry; and, without one, those of another type. */
const leftIdempotencyScript = createLuaScript(/* lua */ `${prelude}
local reply = {}
${ofKeys.each()}
  local id = redis.pcall('HGET', key, 'generationId')
  if type(id) == 'table' then
    reply[#reply + 1] = named({ key = key })
  elseif id and redis.call('TTL', key) == -1 and redis.call('EXISTS', prefix .. ':generation:' .. id) == 0 then
    reply[#reply + 1] = named({ key = key, generationId = id })
  end
end
return reply
`);

/** Removes an idempotency key, if its generation still has no entry. Replies 1 if it did. */
const dropIdempotencyScript = createNamedScript(['id'])(/* lua */ `${prelude}
if redis.call('HGET', KEYS[1], 'generationId') ~= id then return 0 end
if redis.call('EXISTS', prefix .. ':generation:' .. id) == 1 then return 0 end
return redis.call('DEL', KEYS[1])
`);

/** An idempotency key without a time to live whose generation has no entry. */
export interface LeftIdempotencyKey {
  key: string;
  generationId: string;
}

/** Names that one step of a walk through all keys found. */
export interface ScannedNames {
  /** Open generations that are missing in the index of the open ones. */
  unindexed: string[];
  leftIdempotencyKeys: LeftIdempotencyKey[];
  /** Keys of another type. */
  unreadable: string[];
  /** Periods of the ledger with any money. */
  periods: string[];
  /** Generations, open or not. */
  generationIds: string[];
  /** Lists of generations, by their names. */
  lists: string[];
}

/** Keys in one step of a walk: a fraction of a millisecond of Redis. */
const SCAN_COUNT = 500;

/** Walks through all keys of the store, a few at a time. Finds every key that is there from beginning to end (Redis docs, SCAN). */
export async function* scanNames(redis: Redis, prefix: string): AsyncGenerator<ScannedNames, void, undefined> {
  const pattern = `${prefix.replaceAll(/[[\]*?\\]/g, String.raw`\$&`)}:*`;
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    cursor = next;
    const namesOf = (kind: string): string[] =>
      keys.filter((key) => key.startsWith(`${prefix}:${kind}:`)).map((key) => key.slice(prefix.length + kind.length + 2));
    const generationIds = namesOf('generation').filter(isGenerationId);
    const idempotencyKeys = namesOf('idempotency').map((name) => `${prefix}:idempotency:${name}`);
    const left =
      idempotencyKeys.length === 0
        ? []
        : z
            .array(namedReply(z.object({ key: z.string(), generationId: z.string().default('') })))
            .parse(await leftIdempotencyScript.run(redis, openKey(prefix), [prefix, ...idempotencyKeys]));
    yield {
      unindexed:
        generationIds.length === 0
          ? []
          : z.array(z.string()).parse(await unindexedScript.run(redis, openKey(prefix), [prefix, ...generationIds])),
      leftIdempotencyKeys: left.filter(({ generationId }) => generationId !== ''),
      unreadable: left.flatMap(({ key, generationId }) => (generationId === '' ? [key] : [])),
      periods: await holdingPeriods(redis, prefix, namesOf('spend')),
      generationIds,
      lists: namesOf('list'),
    };
  } while (cursor !== '0');
}

/**
 * Removes a generation without an entry from the open ones.
 * @returns true if it was there.
 */
export const dropOpen = async (redis: Redis, prefix: string, generationId: string): Promise<boolean> =>
  (await dropOpenScript.run(redis, generationKey(prefix, generationId), prefix, { id: generationId })) === 1;

/** Removes an idempotency key whose generation has no entry. @returns true if it was there. */
export const dropIdempotencyKey = async (redis: Redis, prefix: string, { key, generationId }: LeftIdempotencyKey): Promise<boolean> =>
  (await dropIdempotencyScript.run(redis, key, prefix, { id: generationId })) === 1;
