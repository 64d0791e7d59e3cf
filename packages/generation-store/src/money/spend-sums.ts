import { type CoveredPeriods, defined, isCovered, type NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { spendSumsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { flag, hashReply, namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** Periods that are read in one step: a few milliseconds of Redis. */
const PERIODS_AT_ONCE = 500;

/** After the prelude. */
const sums = /* lua */ `
local sumsKey, movedKey = prefix .. ':spend-sums', prefix .. ':moved-periods'
-- moves of holds that were not followed
local function unfollowed()
  return (tonumber(redis.call('GET', prefix .. ':hold-moves') or '0') or 0) - (tonumber(redis.call('HGET', sumsKey, 'holds') or '0') or 0)
end
`;

/**
 * Replies the state that decides what a worker writes into S3, or not-compared. It writes itself, so that a replica, whose ledger may be
 * behind, refuses it.
 */
const lookAtSumsScript = createLuaScript(/* lua */ `${prelude}${sums}
if recovering() then return named({ kind = 'not-compared' }) end
for _, each in ipairs({ { sumsKey, 'hash' }, { movedKey, 'zset' } }) do
  local kind = redis.call('TYPE', each[1]).ok
  if kind ~= 'none' and kind ~= each[2] then redis.call('UNLINK', sumsKey, movedKey) end
end
local now = int(nowMs())
redis.call('HSET', sumsKey, 'lookedAt', now)
local known = redis.call('HMGET', sumsKey, 'moves', 'isWhole', 'unfollowed', 'recorded', 'base1', 'moves1', 'base2', 'moves2')
local isWhole = known[2] == '1' and known[3] == int(unfollowed())
return named({
  kind = 'found', now = now, memory = memoryId(), moves = known[1] or '0', isWhole = isWhole, recorded = known[4] or nil,
  key1 = known[5] or nil, moves1 = known[6] or nil, key2 = known[7] or nil, moves2 = known[8] or nil,
})
`);

/** Begins to look for all periods anew, as far as they are not known to have moved. Replies how many moves of holds were not followed. */
const beginWholeScript = createLuaScript(/* lua */ `${prelude}${sums}
redis.call('HDEL', sumsKey, 'isWhole', 'recorded', 'base1', 'moves1', 'base2', 'moves2')
return int(unfollowed())
`);

/** Counts periods as moved. */
const noteFoundScript = createLuaScript(/* lua */ `${prelude}${sums}
local move = redis.call('HINCRBY', sumsKey, 'moves', 1)
for at = 2, #ARGV do redis.call('ZADD', movedKey, move, ARGV[at]) end
return 1
`);

/** Replies 1 if all periods are known to have moved: this is still that memory, and each move of a hold was followed since. Else 0. */
const endWholeScript = createNamedScript(['memory', 'unfollowedBefore'])(/* lua */ `${prelude}${sums}
if memoryId() ~= memory or int(unfollowed()) ~= unfollowedBefore then return 0 end
redis.call('HSET', sumsKey, 'isWhole', 1, 'unfollowed', unfollowedBefore)
return 1
`);

/** Replies how many periods have moved since a move. */
const countMovedScript = createNamedScript(['since'])(/* lua */ `${prelude}${sums}
return redis.call('ZCOUNT', movedKey, '(' .. since, '+inf')
`);

/**
 * Reads the sums of periods that have moved since a move: about PERIODS_AT_ONCE, and all of one move. A period that moves meanwhile comes
 * again later. Replies each sum by the name of its period; '' for an unreadable one.
 */
const readMovedScript = createNamedScript(['since'])(/* lua */ `${prelude}${money}${sums}
local entries = redis.call('ZRANGEBYSCORE', movedKey, '(' .. since, '+inf', 'WITHSCORES', 'LIMIT', 0, ${PERIODS_AT_ONCE})
if #entries == 0 then return named({ last = since, isEnd = true, sums = {} }) end
local last = entries[#entries]
local names, isThere = {}, {}
for at = 1, #entries, 2 do
  names[#names + 1] = entries[at]
  isThere[entries[at]] = true
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', movedKey, last, last)) do
  if not isThere[name] then names[#names + 1] = name end
end
local found = {}
for _, name in ipairs(names) do
  local spend = redis.pcall('HMGET', prefix .. ':spend:' .. name, 'reserved', 'settled')
  local sum, unread = '', unreadIn(name)
  if not spend.err and unread and isWhole(spend[1] or '0') and isWhole(spend[2] or '0') then
    sum = int(math.max(0, tonumber(spend[1] or '0') + tonumber(spend[2] or '0') + unread))
  end
  found[#found + 1] = name
  found[#found + 1] = sum
end
return named({ last = last, isEnd = #entries < ${2 * PERIODS_AT_ONCE}, sums = found })
`);

/** Forgets periods in which nothing can be bought any more. */
const forgetMovedScript = createLuaScript(/* lua */ `${prelude}${sums}
for at = 2, #ARGV do redis.call('ZREM', movedKey, ARGV[at]) end
return 1
`);

/**
 * Notes in Redis which sums S3 holds now. Replies 1; or 0, without a change, if Redis has lost its memory since the sums were read: it may lack
 * moves that they count.
 */
const noteRecordedScript = createNamedScript(['memory', 'level', 'object', 'lastMove'])(/* lua */ `${prelude}${sums}
if memoryId() ~= memory then return 0 end
redis.call('HSET', sumsKey, 'recorded', lastMove)
if level ~= '0' then redis.call('HSET', sumsKey, 'base' .. level, object, 'moves' .. level, lastMove) end
if level == '2' then redis.call('HDEL', sumsKey, 'base1', 'moves1') end
return 1
`);

/** An object in S3 on which others build. */
export interface SumsBase {
  key: string;
  /** The last move that it holds. */
  moves: number;
}

/** The state of the sums in Redis, from which a worker decides what to write into S3. */
export interface SumsLook {
  /** Redis time, in milliseconds since 1970. */
  now: number;
  /** Names the stretch in which this server has forgotten nothing. */
  memory: string;
  /** Number of moves of money. */
  moves: number;
  /** True once `:moved-periods` names each period that holds money. */
  isWhole: boolean;
  /** The move up to which S3 holds everything. */
  recorded?: number;
  bases: Partial<Record<1 | 2, SumsBase>>;
}

/** Periods and their sums; undefined for an unreadable sum. */
export type ReadSums = [period: string, nanoUsd: NanoUsd | undefined][];

/** The sums of the ledger as they are written into S3. Every method is one script or a few. */
export interface SpendSumsStore {
  /** Returns the state of the sums; undefined while the memory of Redis is not compared with S3. */
  look(): Promise<SumsLook | undefined>;
  /**
   * Lists all periods in which money may have moved without being followed.
   * @returns false if such moves go on.
   */
  findAll(memory: string, covered: CoveredPeriods): Promise<boolean>;
  countMoved(since: number): Promise<number>;
  /** Reads the sums of periods that moved since a move, a page at a time. */
  readMoved(since: number): AsyncGenerator<ReadSums, void, undefined>;
  /** Forgets periods in which nothing can be bought any more. */
  forgetMoved(periods: readonly string[]): Promise<void>;
  /**
   * Records the sums that S3 holds.
   * @returns false if Redis may have forgotten something since `look`.
   */
  noteRecorded(recorded: SumsBase & { memory: string; level: 0 | 1 | 2 }): Promise<boolean>;
}

const lookSchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('not-compared') }),
    z.object({
      kind: z.literal('found'),
      now: number,
      memory: z.string().default(''),
      moves: number,
      isWhole: flag,
      recorded: number.optional(),
      key1: z.string().default(''),
      moves1: number.optional(),
      key2: z.string().default(''),
      moves2: number.optional(),
    }),
  ]),
);
const pageSchema = namedReply(z.object({ last: z.string(), isEnd: flag, sums: hashReply }));
const SCAN_COUNT = 1000;

export function buildSpendSumsStore({ prefix }: { prefix: string }, redis: Redis): SpendSumsStore {
  const key = spendSumsKey(prefix);

  async function* scanPeriods(): AsyncGenerator<string[], void, undefined> {
    const begin = `${prefix}:spend:`;
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${begin.replaceAll(/[[\]*?\\]/g, String.raw`\$&`)}*`, 'COUNT', SCAN_COUNT);
      cursor = next;
      yield keys.map((name) => name.slice(begin.length));
    } while (cursor !== '0');
  }

  return {
    async look() {
      const reply = lookSchema.parse(await lookAtSumsScript.run(redis, key, [prefix]));
      if (reply.kind === 'not-compared') return undefined;
      const { now, memory, moves, isWhole, recorded, key1, moves1, key2, moves2 } = reply;
      return defined({
        now,
        memory,
        moves,
        isWhole,
        recorded,
        bases: defined({
          1: moves1 === undefined ? undefined : { key: key1, moves: moves1 },
          2: moves2 === undefined ? undefined : { key: key2, moves: moves2 },
        }),
      });
    },
    async findAll(memory, covered) {
      const unfollowed = z.string().parse(await beginWholeScript.run(redis, key, [prefix]));
      for await (const names of scanPeriods()) {
        const found = names.filter((name) => isCovered(name, covered));
        for (let at = 0; at < found.length; at += PERIODS_AT_ONCE)
          await noteFoundScript.run(redis, key, [prefix, ...found.slice(at, at + PERIODS_AT_ONCE)]);
      }
      return (await endWholeScript.run(redis, key, prefix, { memory, unfollowedBefore: unfollowed })) === 1;
    },
    countMoved: async (since) => number.parse(await countMovedScript.run(redis, key, prefix, { since })),
    async *readMoved(since) {
      for (let after = String(since), isEnd = false; !isEnd;) {
        const page = pageSchema.parse(await readMovedScript.run(redis, key, prefix, { since: after }));
        ({ last: after, isEnd } = page);
        yield Object.entries(page.sums).map(([period, sum]) => [period, sum === '' ? undefined : Number(sum)]);
      }
    },
    async forgetMoved(periods) {
      for (let at = 0; at < periods.length; at += PERIODS_AT_ONCE)
        await forgetMovedScript.run(redis, key, [prefix, ...periods.slice(at, at + PERIODS_AT_ONCE)]);
    },
    noteRecorded: async ({ memory, level, key: object, moves }) =>
      (await noteRecordedScript.run(redis, key, prefix, { memory, level, object, lastMove: moves })) === 1,
  };
}
