import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { defaultRetention } from '../enqueue/retention.ts';
import { readingKey } from '../keys.ts';
import { damaged } from '../lua/damaged.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { prelude } from '../lua/prelude.ts';
import { readsHere } from './reads-here.ts';
import { rememberRetry, type RememberedRetry } from './remember-retry.ts';

const damageArguments = ['rebuild', 'id', 'most', 'object', 'tenant', 'idempotencyDigest', 'idempotencySeconds'] as const;

/**
 * Notes that the records of a generation are damaged, and reserves its idempotency key for it. Only the first caller gets "noted", and
 * names the damage. Replies noted, known or gone (the rebuild has lost this Redis, or its reader must begin again).
 */
const noteDamagedScript = createNamedScript(damageArguments)(/* lua */ `${prelude}${money}${damaged}${readsHere}
if not readsHere(rebuild) and redis.call('HGET', prefix .. ':rebuild', 'id') ~= rebuild then return 'gone' end
if damageOf(id) then return 'known' end
local key = idempotencyDigest == '' and '-' or tenantPart(tenant) .. ':' .. idempotencyDigest
redis.call('HSET', unreadKey, id, 'damaged ' .. most .. ' ' .. key .. ' ' .. object)
redis.call('HINCRBY', unreadMoneyKey, '@damaged', most)
local beside = isReading() and '0' or most
redis.call('HSET', damagedKey, id, beside)
redis.call('HINCRBY', unreadMoneyKey, '@besideSums', beside)
redis.call('HINCRBY', unreadMoneyKey, '@damagedIds', 1)
local day, month = unpack(periodsOf(tenant, nowMs()))
redis.call('HSET', unreadMoneyKey, '@untilDay', string.match(day.name, '[%d-]+$'), '@untilMonth', string.match(month.name, '[%d-]+$'))
-- if it is repaired and restored while the rebuild reads on, it buys nothing before all is read
redis.call('SADD', prefix .. ':read', id)
if key ~= '-' and redis.call('HSETNX', prefix .. ':idempotency:' .. key, 'generationId', id) == 1 then
  -- the digest of no request: an enqueue with this key is refused
  redis.call('HSET', prefix .. ':idempotency:' .. key, 'requestDigest', '')
  redis.call('EXPIRE', prefix .. ':idempotency:' .. key, idempotencySeconds)
end
return 'noted'
`);

const forgetDamagedScript = createNamedScript(['id'])(/* lua */ `${prelude}${damaged}
return forgetDamaged(id) and 1 or 0
`);

/** A generation that a rebuild could not read, because its records in S3 are damaged. */
export interface DamagedGeneration {
  generationId: string;
  /** The unreadable object in S3, or key in Redis. */
  key: string;
  /** Highest price of its purchases. */
  mostNanoUsd: NanoUsd;
}

/** Readable parts of the records of a damaged generation. */
export interface NewDamage extends DamagedGeneration {
  /** The caller's idempotency key, if one of its intents can be read so far. */
  caller?: { tenant: string; idempotencyKeyHash?: string };
  /** The images that it buys again, if it is a retry. */
  retry?: Omit<RememberedRetry, 'generationId' | 'home'>;
}

/**
 * Notes a damaged generation.
 * @param id The rebuild that has found it, or its reader.
 * @returns "noted" to the first caller.
 */
export async function noteDamaged(redis: Redis, prefix: string, id: string, damage: NewDamage): Promise<'noted' | 'known' | 'gone'> {
  const { generationId, key, mostNanoUsd, caller, retry } = damage;
  if (retry !== undefined) await rememberRetry(redis, prefix, { generationId, ...retry, home: [] });
  const reply = await noteDamagedScript.run(redis, readingKey(prefix), prefix, {
    rebuild: id,
    id: generationId,
    most: mostNanoUsd,
    object: key,
    tenant: caller?.tenant,
    idempotencyDigest: caller?.idempotencyKeyHash,
    idempotencySeconds: defaultRetention.idempotencySeconds,
  });
  return z.enum(['noted', 'known', 'gone']).parse(reply);
}

/** Gives a damaged generation up: its id and idempotency key may be used anew, and no cap counts it. */
export const forgetDamaged = async (redis: Redis, prefix: string, generationId: string): Promise<void> =>
  void (await forgetDamagedScript.run(redis, readingKey(prefix), prefix, { id: generationId }));

const DAMAGED = /^damaged (\d+) \S+ (.*)$/s;
const SCANNED_AT_ONCE = 500;

/** Finds the damaged generations, which are few. */
export async function listDamaged(redis: Redis, prefix: string, most: number = Infinity): Promise<DamagedGeneration[]> {
  const found = new Map<string, DamagedGeneration>();
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(`${prefix}:damaged`, cursor, 'COUNT', SCANNED_AT_ONCE);
    const ids = flat.filter((_, at) => at % 2 === 0);
    const texts = ids.length === 0 ? [] : await redis.hmget(`${prefix}:unread`, ...ids);
    for (const [at, generationId] of ids.entries()) {
      const [, most, key] = DAMAGED.exec(texts[at] ?? '') ?? [];
      if (most !== undefined && key !== undefined) found.set(generationId, { generationId, key, mostNanoUsd: Number(most) });
    }
    cursor = next;
  } while (cursor !== '0' && found.size < most);
  return [...found.values()].slice(0, most);
}
