import type { Redis } from 'ioredis';
import { defaultRetention } from '../enqueue/retention.ts';
import { generationKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import { retries } from '../lua/retries.ts';

/** Adds a retry, and images that came home, to the notes about the attempts at images of an original. */
const rememberRetryScript = createNamedScript(['id', 'retryOf', 'replaces', 'createdAt', 'home', 'seconds'])(/* lua */ `${prelude}${retries}
local notes = { retryOf = retryOf, replaces = replaces }
local _, indexes = replacedBy(notes)
noteRetry(id, retryOf, indexes, createdAt)
for index in string.gmatch(home, '%d+') do redis.call('HSETNX', familyKey(retryOf), 'home:' .. index, id) end
retireFamily(id, notes, tonumber(seconds))
return 1
`);

/** Adds images of an original that came home to its notes, which a retry of it has made. */
const rememberHomeScript = createNamedScript(['root', 'home'])(/* lua */ `${prelude}${retries}
if redis.call('EXISTS', familyKey(root)) == 0 then return 0 end
for index in string.gmatch(home, '%d+') do redis.call('HSETNX', familyKey(root), 'home:' .. index, root) end
return 1
`);

/** A retry without an entry in Redis. */
export interface RememberedRetry {
  generationId: string;
  retryOf: string;
  /** Indexes in the original, in the order of the images of the retry. */
  replaces: readonly number[];
  /** Milliseconds since 1970. */
  createdAt: number;
  /** Indexes in the original of the images that it brought home. */
  home: readonly number[];
}

/** Notes a retry that has no entry: it is over for long, or its records are damaged. */
export async function rememberRetry(redis: Redis, prefix: string, retry: RememberedRetry): Promise<void> {
  const { generationId, retryOf, replaces, createdAt, home } = retry;
  const seconds = defaultRetention.recordSeconds;
  await rememberRetryScript.run(redis, generationKey(prefix, generationId), prefix, {
    id: generationId,
    retryOf,
    replaces: replaces.join(' '),
    createdAt,
    home: home.join(' '),
    seconds,
  });
}

/** Notes images of a retried generation that came home, as S3 tells: a restored retry does not buy them. */
export async function rememberHome(redis: Redis, prefix: string, generationId: string, home: readonly number[]): Promise<void> {
  await rememberHomeScript.run(redis, generationKey(prefix, generationId), prefix, { root: generationId, home: home.join(' ') });
}
