import { defined } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { bulkErasuresKey } from '../keys.ts';
import { listByDigest, type ListPlace } from '../lists/list-generations.ts';
import { erasures, retriesOf } from '../lua/erasures.ts';
import { fold } from '../lua/fold.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { flag, nameArguments, namedReply, number } from '../lua/named.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * The steps of a bulk erasure: `listed` goes by the lists in Redis, `stored` over S3 for what Redis has let go of, `swept` waits until each that
 * was found is swept, `inputs` deletes the reference images of a tenant.
 */
export const bulkSteps = ['listed', 'stored', 'swept', 'inputs'] as const;
export type BulkStep = (typeof bulkSteps)[number];

/** A bulk erasure whose turn it is. */
export interface BulkTurn {
  erasureId: string;
  /** Redis time of the request: later generations do not belong to it. */
  requestedAt: number;
  tenant?: string;
  /** Digest of its tag. */
  tag?: string;
  isForced: boolean;
  step: BulkStep;
  /** Place within the step; '' at its begin. */
  place: string;
  /** Place at which it joined the walk over S3 of another one; '' if it began at the first day. */
  joinedAt: string;
  /** True if it has come to the end of S3 since, and goes on from the first day to where it joined. */
  hasWrapped: boolean;
  /** Generations that were found and are neither erased nor left. */
  waiting: number;
  /** Open generations that it left. */
  left: number;
}

/** Bulk erasures that share a page of S3 at most. */
const MOST_SHARING = 200;
/** The place of one that joins the walk of others over S3 before their next page: during a page it would stay behind them for good. */
const JOINING = 'joining';

/**
 * Gives the turn to the bulk erasure that has waited longest, unless so many sweeps are due that others would wait for its own; none while
 * Redis may have forgotten something that is open. At S3 it takes those along that stand at the same place: reading a page costs most, and
 * serves them all. Replies the fields of each.
 */
const turnScript = createNamedScript(['most'])(/* lua */ `${prelude}${erasures}
local now = int(nowMs())
if recovering() or isReading() then return {} end
if redis.call('ZCOUNT', prefix .. ':erasures', '-inf', now) >= tonumber(most) then return {} end
local ids = redis.call('ZRANGE', KEYS[1], 0, ${MOST_SHARING} - 1)
if not ids[1] then return {} end
local function isFlag(word)
  return word == '0' or word == '1'
end
local function isSound(bulk)
  return bulk.step and isFlag(bulk.isForced) and isFlag(bulk.hasWrapped or '0') and isWhole(bulk.requestedAt) and isWhole(bulk.found) and isWhole(bulk.erased) and isWhole(bulk.left) and isWhole(bulk.gone)
end
local first = erasureOf(ids[1])
if not isSound(first) then
  -- its request is gone, or damaged: its caller asks once more
  redis.call('ZREM', KEYS[1], ids[1])
  redis.call('DEL', erasureKey(ids[1]), erasureKey(ids[1]) .. ':open')
  return {}
end
-- behind all others, those of the same millisecond too
local last = math.max(tonumber(now), tonumber(redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]) + 1)
local taken = {}
local place = first.place
if place == '${JOINING}' then
  place = ''
  for _, id in ipairs(ids) do
    local walking = erasureOf(id)
    if walking.step == 'stored' and walking.place and walking.place ~= '${JOINING}' then
      place = walking.place
      break
    end
  end
end
for at, id in ipairs(first.step == 'stored' and ids or { ids[1] }) do
  local bulk = at == 1 and first or erasureOf(id)
  if at == 1 or bulk.step == 'stored' and (bulk.place == place or bulk.place == '${JOINING}') and isSound(bulk) then
    if bulk.place == '${JOINING}' then
      bulk.place, bulk.joinedAt = place, place
      redis.call('HSET', erasureKey(id), 'place', place, 'joinedAt', place)
    end
    redis.call('ZADD', KEYS[1], 'XX', int(last + #taken), id)
    taken[#taken + 1] = named({
      erasureId = id, requestedAt = bulk.requestedAt, tenant = bulk.tenant, tag = bulk.tag, isForced = bulk.isForced, step = bulk.step,
      place = bulk.place, joinedAt = bulk.joinedAt, hasWrapped = bulk.hasWrapped, left = bulk.left,
      waiting = tonumber(bulk.found) - tonumber(bulk.erased) - tonumber(bulk.left) - tonumber(bulk.gone),
    })
  end
end
return taken
`);

const turnSchema = namedReply(
  z.object({
    erasureId: z.string(),
    requestedAt: number,
    tenant: z.string().optional(),
    tag: z.string().optional(),
    isForced: flag,
    // a step that cannot be read begins anew: each may be repeated
    step: z.enum(bulkSteps).catch('listed'),
    place: z.string().default(''),
    joinedAt: z.string().default(''),
    hasWrapped: flag.default(false),
    waiting: number,
    left: number,
  }),
);

/** Sweeps that may be due before a bulk erasure adds more: an erasure of one generation waits for no more than these and a page. */
const MOST_DUE = 50;

/** Takes the turn of a bulk erasure, with those that stand at the same place of S3; empty if none may go on now. */
export async function takeBulkTurn(redis: Redis, prefix: string): Promise<BulkTurn[]> {
  const reply = await turnScript.run(redis, bulkErasuresKey(prefix), prefix, { most: MOST_DUE });
  return z
    .array(turnSchema)
    .parse(reply)
    .map(({ tenant, tag, ...rest }) => ({ ...rest, ...defined({ tenant, tag }) }));
}

/** Lists a page of the generations in Redis that belong to a bulk erasure. @returns their ids, and the next place; '' at the end. */
export async function listForBulk(redis: Redis, prefix: string, { tenant, tag, requestedAt, place }: BulkTurn, count: number) {
  const filter = { tagDigest: tag, createdBefore: requestedAt + 1, ...defined({ tenant }) };
  const { generations, next } = await listByDigest(redis, prefix, filter, count, readPlace(place));
  return {
    generations: generations.map(({ generationId, tenant: owner }) => ({ generationId, tenant: owner })),
    place: next === undefined ? '' : `${next.score} ${next.generationId}`,
  };
}

function readPlace(place: string): ListPlace | undefined {
  const [score = '', generationId] = place.split(' ');
  return generationId === undefined ? undefined : { score: Number(score), generationId };
}

const moved = nameArguments(['bulk', 'step', 'place', 'toStep', 'toPlace', 'hasWrapped']);
const each = nameArguments(['id', 'tenant'], moved.after);
/** Ids of left generations that an answer names at most. */
const MOST_NAMED = 1000;

/**
 * Takes a page of generations into a bulk erasure and moves its place, in one script: a death before it repeats the page, and one after it does
 * not. Replies 0 if another eraser has moved the place.
 */
const takeScript = createLuaScript(/* lua */ `${prelude}${money}${fold}${erasures}${retriesOf}
${moved.lua}
local bulkKey, now = erasureKey(bulk), nowMs()
local fields = hash(bulkKey)
if fields.step ~= step or fields.place ~= place then return 0 end

local function leave(id)
  if redis.call('SISMEMBER', bulkKey .. ':open', id) == 1 then return end
  redis.call('HINCRBY', bulkKey, 'found', 1)
  redis.call('HINCRBY', bulkKey, 'left', 1)
  if redis.call('SCARD', bulkKey .. ':open') < ${MOST_NAMED} then redis.call('SADD', bulkKey .. ':open', id) end
end

local function take(id, tenant, isStored)
  local key = prefix .. ':generation:' .. id
  local status = redis.pcall('HGET', key, 'status')
  local erasure = erasureOf(id)
  if erasure.kind or string.find(' ' .. (erasure.bulks or '') .. ' ', ' ' .. bulk .. ' ', 1, true) then return end
  -- swept before, and at most what comes late is still to be swept; in S3 it stands again if the bucket was put back from a copy
  if not isStored and erasure.erasedAt and not erasure.isNoted and not erasure.aged and not erasure.keepsImages then return end
  local isOpenStill = isUnderWay(status)
  if isOpenStill and fields.isForced ~= '1' and not erasure.isForced then return leave(id) end
  -- a damaged entry is refused before anything is written; its worker finds the tombstone
  if isOpenStill then
    -- money is booked for the generation of the second argument
    ARGV[2] = id
    pcall(closeGeneration, key, id, 'cancelled', now)
  end
  if redis.call('SREM', bulkKey .. ':open', id) == 1 then redis.call('HINCRBY', bulkKey, 'left', -1) else redis.call('HINCRBY', bulkKey, 'found', 1) end
  askForAll(id, erasure, now)
  -- an earlier request may have named another tenant
  redis.call('HSET', erasureKey(id), 'tenant', tenant)
  if fields.isForced == '1' then redis.call('HSET', erasureKey(id), 'isForced', 1) end
  redis.call('HSET', erasureKey(id), 'bulks', (erasure.bulks and erasure.bulks .. ' ' or '') .. bulk)
  -- a sweep under way that keeps the images finds its place moved, and does not end this one
  if erasure.isNoted or erasure.aged or erasure.erasedAt or not erasure.requestedAt or not redis.call('ZSCORE', prefix .. ':erasures', id) then
    redis.call('ZADD', prefix .. ':erasures', int(now), id)
  end
end

${each.each()}
  take(id, tenant, step == 'stored')
  if fields.withRetries == '1' then for _, retry in ipairs(retriesOf(id)) do take(retry, tenant) end end
end
if step == 'listed' and toStep == 'stored' then toPlace = '${JOINING}' end
redis.call('HSET', bulkKey, 'step', toStep, 'place', toPlace, 'hasWrapped', hasWrapped)
return 1
`);

/** The next step and place of a bulk erasure. */
export type BulkMove = Pick<BulkTurn, 'step' | 'place'> & Partial<Pick<BulkTurn, 'hasWrapped'>>;

/** Takes generations into a bulk erasure, and moves it on. @returns false if another eraser has moved it. */
export const takeIntoBulk = async (
  redis: Redis,
  prefix: string,
  { erasureId, step, place }: BulkTurn,
  generations: readonly { generationId: string; tenant: string }[],
  to: BulkMove,
): Promise<boolean> =>
  (await takeScript.run(redis, bulkErasuresKey(prefix), [
    prefix,
    ...moved.list({ bulk: erasureId, step, place, toStep: to.step, toPlace: to.place, hasWrapped: to.hasWrapped === true ? 1 : 0 }),
    ...generations.flatMap(({ generationId, tenant }) => each.list({ id: generationId, tenant })),
  ])) === 1;

/** Moves a bulk erasure on. @returns false if another eraser has moved it. */
export const stepBulk = (redis: Redis, prefix: string, turn: BulkTurn, to: BulkMove): Promise<boolean> =>
  takeIntoBulk(redis, prefix, turn, [], to);

/** Ends a bulk erasure. Its tag is forgotten, and the rest is told for a while. */
const endScript = createNamedScript(['id', 'keptSeconds'])(/* lua */ `${prelude}${erasures}
local key = erasureKey(id)
if redis.call('HEXISTS', key, 'step') == 0 then return 0 end
redis.call('HSET', key, 'erasedAt', int(nowMs()))
redis.call('HDEL', key, 'tag', 'step', 'place', 'joinedAt', 'hasWrapped')
redis.call('ZREM', KEYS[1], id)
redis.call('EXPIRE', key .. ':open', keptSeconds)
return redis.call('EXPIRE', key, keptSeconds)
`);

/** Time for which Redis tells of a bulk erasure after its end. */
const TOLD_FOR_SECONDS = 30 * 86_400;

/** Ends a bulk erasure. */
export const endBulk = async (redis: Redis, prefix: string, { erasureId }: BulkTurn): Promise<void> =>
  void (await endScript.run(redis, bulkErasuresKey(prefix), prefix, { id: erasureId, keptSeconds: TOLD_FOR_SECONDS }));
