import type { Redis } from 'ioredis';
import { z } from 'zod';
import { agedKey } from '../keys.ts';
import { erasures } from '../lua/erasures.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { flag, hashReply, nameArguments, number } from '../lua/named.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * Erasure by age. The hash `:aged` remembers what was looked at: the field `rules` names the rules (another name, and every day is looked at
 * again), a field for each day of S3 the time of its next look ("never" once nothing is left to go), and `place` the day under way with the
 * last generation that was looked at and the next look so far.
 */

/** Days for which requests and images are kept; absent without end. */
export interface KeptDays {
  requests?: number;
  images?: number;
}

/** Replies the encoded names of the tenants that have rules, each with its days. */
const rulesScript = createLuaScript(/* lua */ `
local prefix, all = ARGV[1], {}
local tenants = redis.pcall('SMEMBERS', prefix .. ':tenants-with-rules')
if tenants.err then return false end
for _, tenant in ipairs(tenants) do
  local days = redis.pcall('HMGET', prefix .. ':tenant-rules:' .. tenant, 'retainRequestsDays', 'retainImagesDays', 'revision')
  -- rules that are lost or damaged keep everything until S3 brings them back
  if days.err or not days[3] then
    all[#all + 1] = { tenant, 'lost', 'lost' }
  elseif days[1] or days[2] then
    all[#all + 1] = { tenant, days[1] or '', days[2] or '' }
  end
end
return all
`);

const optionalDays = z.union([z.literal('').transform(() => undefined), z.coerce.number().int().min(1)]).catch(Infinity);
const rulesSchema = z.array(z.tuple([z.string(), optionalDays, optionalDays])).nullable();

/** Reads the days of the tenants that have rules about them, by their encoded names; undefined while Redis cannot tell which have any. */
export async function readKeptDays(redis: Redis, prefix: string): Promise<Map<string, KeptDays> | undefined> {
  const rows = rulesSchema.parse(await rulesScript.run(redis, agedKey(prefix), [prefix]));
  if (rows === null) return undefined;
  return new Map(
    rows.map(([tenant, requests, images]) => [
      tenant,
      { ...(requests !== undefined && { requests }), ...(images !== undefined && { images }) },
    ]),
  );
}

/** Where erasure by age is. */
export interface AgedState {
  /** Redis time. */
  now: number;
  /** True while many sweeps are due, or Redis may have forgotten what is open. */
  mustWait: boolean;
  /** Name of the rules by which it has looked. */
  rules: string;
  /** Next look at each day, in milliseconds since 1970; Infinity for one from which nothing more goes. */
  nextLooks: Map<string, number>;
  /** The day under way. */
  place?: AgedPlace;
}

export interface AgedPlace {
  date: string;
  /** The last generation that was looked at. */
  after: string;
  /** Earliest time at which something more of this day goes. */
  nextLook: number;
}

const stateScript = createNamedScript(['most'])(/* lua */ `${prelude}
local now = int(nowMs())
local mustWait = recovering() or isReading() or redis.call('ZCOUNT', prefix .. ':erasures', '-inf', now) >= tonumber(most)
return { now, mustWait and '1' or '0', redis.call('HGETALL', KEYS[1]) }
`);
const stateSchema = z.tuple([number, flag, hashReply]);

/** Sweeps that may be due before more is added. */
const MOST_DUE = 50;
const NEVER = 'never';

/** Reads where erasure by age is. */
export async function readAgedState(redis: Redis, prefix: string): Promise<AgedState> {
  const [now, mustWait, { rules = '', place, ...looks }] = stateSchema.parse(
    await stateScript.run(redis, agedKey(prefix), prefix, { most: MOST_DUE }),
  );
  const nextLooks = new Map(Object.entries(looks).map(([date, at]) => [date, at === NEVER ? Infinity : Number(at)]));
  const [date, after = '', nextLook = ''] = place?.split(' ') ?? [];
  return { now, mustWait, rules, nextLooks, ...(date !== undefined && { place: { date, after, nextLook: lookOf(nextLook) } }) };
}

const lookOf = (text: string): number => (text === NEVER ? Infinity : Number(text));
const textOfLook = (at: number): string => (at === Infinity ? NEVER : String(at));

const beginScript = createNamedScript(['rules'])(/* lua */ `
redis.call('DEL', KEYS[1])
return redis.call('HSET', KEYS[1], 'rules', rules)
`);

/** Begins anew under other rules: every day is looked at again. */
export const beginAged = async (redis: Redis, prefix: string, rules: string): Promise<void> =>
  void (await beginScript.run(redis, agedKey(prefix), prefix, { rules }));

const openScript = createLuaScript(/* lua */ `${prelude}
if recovering() or isReading() then return false end
local open = {}
for i = 2, #ARGV do
  local status = redis.pcall('HGET', prefix .. ':generation:' .. ARGV[i], 'status')
  if isUnderWay(status) or type(status) == 'table' then open[#open + 1] = ARGV[i] end
end
return open
`);

/** Reads which of some generations are open, or damaged; undefined while Redis may have forgotten what is open. */
export async function readOpenOf(redis: Redis, prefix: string, ids: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  const open = z
    .array(z.string())
    .nullable()
    .parse(await openScript.run(redis, agedKey(prefix), [prefix, ...ids]));
  return open === null ? undefined : new Set(open);
}

/** Parts of a generation that are old enough to be erased. `images` alone is named for an open generation, which keeps them until it ends. */
export type AgedWhat = 'all' | 'requests' | 'images';

const own = nameArguments(['rules', 'date', 'place', 'nextLook']);
const each = nameArguments(['id', 'tenant', 'what'], own.after);

/**
 * Puts a page of generations on the list of erasures, and moves the place, in one script. One that is open stays, and is looked at again.
 * Replies the number of those.
 */
const takeScript = createLuaScript(/* lua */ `${prelude}${erasures}
${own.lua}
if redis.call('HGET', KEYS[1], 'rules') ~= rules or recovering() or isReading() then return 0 end
local now, open = nowMs(), 0
${each.each()}
  local status = redis.pcall('HGET', prefix .. ':generation:' .. id, 'status')
  -- images alone are named here only if they stay
  if what == 'images' or isUnderWay(status) then
    open = open + 1
  else
    local erasure = erasureOf(id)
    -- a caller has asked for all of it
    if not erasure.requestedAt or erasure.aged or erasure.isNoted then
      redis.call('HSET', erasureKey(id), 'aged', what)
      redis.call('HDEL', erasureKey(id), 'isNoted')
      redis.call('HSETNX', erasureKey(id), 'requestedAt', int(now))
      redis.call('HSET', erasureKey(id), 'tenant', tenant)
      redis.call('PERSIST', erasureKey(id))
      redis.call('ZADD', prefix .. ':erasures', int(now), id)
    end
  end
end
if open > 0 and (nextLook == '${NEVER}' or tonumber(nextLook) > now + 86400000) then nextLook = int(now + 86400000) end
if place == '' then
  redis.call('HSET', KEYS[1], date, nextLook)
  redis.call('HDEL', KEYS[1], 'place')
else
  redis.call('HSET', KEYS[1], 'place', date .. ' ' .. place .. ' ' .. nextLook)
end
return open
`);

/**
 * Puts generations on the list of erasures by their age, and notes how far the day was looked at.
 * @param after The last generation that was looked at; '' at the end of the day.
 * @returns the number of open ones, which stay.
 */
export const takeAged = async (
  redis: Redis,
  prefix: string,
  rules: string,
  { date, after, nextLook }: AgedPlace,
  generations: readonly { generationId: string; tenant: string; what: AgedWhat }[],
): Promise<number> =>
  z
    .number()
    .parse(
      await takeScript.run(redis, agedKey(prefix), [
        prefix,
        ...own.list({ rules, date, place: after, nextLook: textOfLook(nextLook) }),
        ...generations.flatMap(({ generationId, tenant, what }) => each.list({ id: generationId, tenant, what })),
      ]),
    );
