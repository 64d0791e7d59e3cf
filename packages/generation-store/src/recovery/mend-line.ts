import { defined, parseRef, type SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import { fairLine } from '../lua/fair-line.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply } from '../lua/named.ts';
import { openPages } from '../lua/open-pages.ts';
import { prelude } from '../lua/prelude.ts';

/** Number behind which jobs count anew: three quarters of what BullMQ takes. */
const COUNT_ANEW_AT = 1_500_000;

/** Removes from a page of the fair line what waits no more. Replies the last entry, and those that wait with the numbers of their jobs. */
const pageScript = createNamedScript(['score', 'after', 'count'])(/* lua */ `${prelude}${fairLine}${openPages}
local entries = pageAfter(lineKey, score, after, tonumber(count))
local waiting = {}
for at = 1, #entries, 2 do
  local id, index, n = string.match(entries[at], '^(.*)/(%d+)-(%d+)$')
  local fields = id and redis.pcall('HMGET', submissionKey(id, index, n), 'status', 'sends') or {}
  if fields[1] == 'planned' and fields[2] == '0' then
    waiting[#waiting + 1] = entries[at]
    waiting[#waiting + 1] = int(jobNumber(tonumber(entries[at + 1])))
  else
    local tenant = id and redis.pcall('HGET', prefix .. ':generation:' .. id, 'tenant')
    redis.call('ZREM', lineKey, entries[at])
    if type(tenant) == 'string' then redis.call('ZREM', lineOf(tenant), entries[at]) end
  end
end
if redis.call('ZCARD', lineKey) == 0 then redis.call('DEL', lineClocks) end
local isLast = #entries < 2 * tonumber(count)
return named({ after = not isLast and entries[#entries - 1] or nil, score = not isLast and entries[#entries] or nil, waiting = waiting })
`);

/** Makes jobs count from the number of the line on, if that is high. Replies 1 until all jobs are known to have their new numbers, else 0. */
const beginScript = createLuaScript(/* lua */ `${prelude}${fairLine}
local base = tonumber(redis.call('HGET', lineClocks, 'base') or '') or 0
if lineReached() - base > ${COUNT_ANEW_AT} then redis.call('HSET', lineClocks, 'base', int(lineReached()), 'renumbering', 1) end
return redis.call('HEXISTS', lineClocks, 'renumbering')
`);

const endScript = createLuaScript(/* lua */ `${prelude}${fairLine}
return redis.call('HDEL', lineClocks, 'renumbering')
`);

const pageSchema = namedReply(z.object({ score: z.string().optional(), after: z.string().optional(), waiting: z.array(z.string()) }));

/** Place of an entry in the fair line. */
export interface LineCursor {
  score: string;
  after: string;
}

/** A page of the fair line. */
export interface LinePage {
  /** Submissions that wait, with the numbers of their jobs. */
  waiting: (SubmissionRef & { number: number })[];
  /** Place of the next page; absent after the last one. */
  next?: LineCursor;
}

/** Reads a page of the fair line, and removes what waits no more. */
export async function mendLinePage(redis: Redis, prefix: string, count: number, cursor?: LineCursor): Promise<LinePage> {
  const place = { score: cursor?.score, after: cursor?.after, count };
  const { score, after, waiting } = pageSchema.parse(await pageScript.run(redis, openKey(prefix), prefix, place));
  return {
    waiting: waiting.flatMap((text, at) => {
      const ref = at % 2 === 0 ? parseRef(text) : undefined;
      return ref === undefined ? [] : [{ ...ref, number: Number(waiting[at + 1]) }];
    }),
    ...defined({ next: score === undefined || after === undefined ? undefined : { score, after } }),
  };
}

/** Lets jobs count anew before BullMQ takes no higher numbers. @returns true until `endRenumbering`: jobs may have their old numbers. */
export const beginRenumbering = async (redis: Redis, prefix: string): Promise<boolean> =>
  (await beginScript.run(redis, openKey(prefix), [prefix])) === 1;

/** Notes that all jobs have their new numbers. */
export async function endRenumbering(redis: Redis, prefix: string): Promise<void> {
  await endScript.run(redis, openKey(prefix), [prefix]);
}
