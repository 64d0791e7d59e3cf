import { defined, type NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { json, parseEntry, passByCorrupt, readHash, whole } from '../corrupt-entry.ts';
import { bulkActKey, bulkActsKey, bulkActsUnderWayKey, turnKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/**
 * Acts of operators on all generations that pass a filter. First one counts what it would take, then an operator begins it; both go page by
 * page, and the hash `bulk-act:<id>` holds the place, so that any dashboard goes on where another one died. The sorted set `bulk-acts` names
 * the last hundred by their time, `bulk-acts-under-way` those that a dashboard works on or must go on with.
 */

/** Acts that Redis names; each that is not under way ends a week after its last step. */
const KEPT = 100;
const KEPT_SECONDS = 7 * 86_400;
/**
 * Long enough for any time in which no dashboard runs. An act under way whose hash expired could not continue, and would keep one of the few
 * places for good.
 */
const UNDER_WAY_SECONDS = 10 * 365 * 86_400;

/** `stopped`: by an operator, or by an error that concerns all; an operator may let it go on. */
const bulkActStates = ['counting', 'counted', 'changing', 'stopped', 'done'] as const;
export type BulkActState = (typeof bulkActStates)[number];

const failureSchema = z.array(z.object({ generationId: z.string(), words: z.string() }));

const storedSchema = z.object({
  kind: z.enum(['cancel', 'retry']),
  filter: z.string(),
  createdBefore: whole,
  createdAt: whole,
  state: z.enum(bulkActStates),
  who: z.string().default(''),
  reason: z.string().default(''),
  cursor: z.string().default(''),
  pageAt: whole.optional(),
  generations: whole.default(0),
  images: whole.default(0),
  nanoUsd: whole.default(0),
  before: whole.default(0),
  failed: whole.default(0),
  failures: json.pipe(failureSchema).catch([]),
  countedGenerations: whole.optional(),
  countedImages: whole.optional(),
  countedNanoUsd: whole.optional(),
  countedAt: whole.optional(),
  endedAt: whole.optional(),
  why: z.string().default(''),
});

/** An act on many generations. Times are Redis time, in milliseconds since 1970. */
export type BulkAct = z.infer<typeof storedSchema> & { id: string };

/** Fields of an act that a step writes. */
export interface BulkActStep {
  state?: BulkActState;
  who?: string;
  reason?: string;
  /** Cursor of the next page; '' for the first one. */
  cursor?: string;
  /** Redis time at which the present page was begun; '' for none. */
  pageAt?: number | '';
  generations?: number;
  images?: number;
  nanoUsd?: NanoUsd;
  /** Generations that another call had changed before. */
  before?: number;
  /** Generations that could not be changed, and the first of them. */
  failed?: number;
  failures?: BulkAct['failures'];
  countedGenerations?: number;
  countedImages?: number;
  countedNanoUsd?: NanoUsd;
  countedAt?: number;
  endedAt?: number;
  /** Why it stopped, in words. */
  why?: string;
}

const given = nameArguments(['id', 'expected', 'turn', 'holder']);

/** Writes fields of an act whose state is one of the expected ones (or of a new one, if that is ''), unless another holder has its turn. Replies 1 if it did. */
const stepScript = createLuaScript(/* lua */ `${prelude}
${given.lua}
local state = redis.call('HGET', KEYS[1], 'state') or ''
if state == '' and expected ~= '' or state ~= '' and not string.find(' ' .. expected .. ' ', ' ' .. state .. ' ', 1, true) then return 0 end
if holder ~= '' and redis.call('GET', turn) ~= holder then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, ${given.after}))
local acts, underWay = prefix .. ':bulk-acts', prefix .. ':bulk-acts-under-way'
if state == '' then
  local now = int(nowMs())
  redis.call('HSET', KEYS[1], 'createdAt', now)
  redis.call('ZADD', acts, now, id)
  redis.call('ZREMRANGEBYRANK', acts, 0, ${-KEPT - 1})
end
state = redis.call('HGET', KEYS[1], 'state')
local isUnderWay = state == 'counting' or state == 'changing'
if isUnderWay then redis.call('ZADD', underWay, 'NX', nowMs(), id) else redis.call('ZREM', underWay, id) end
redis.call('EXPIRE', KEYS[1], isUnderWay and ${UNDER_WAY_SECONDS} or ${KEPT_SECONDS})
return 1
`);

/** Name of the turn of the dashboard that works on an act. */
export const bulkActTurn = (id: string): string => `bulk-act:${id}`;

async function step(
  redis: Redis,
  prefix: string,
  id: string,
  { expected, holder, fields }: { expected: readonly BulkActState[]; holder?: string; fields: object },
): Promise<boolean> {
  const named = given.list({ id, expected: expected.join(' '), turn: turnKey(prefix, bulkActTurn(id)), holder });
  const pairs = Object.entries(defined(fields as Record<string, string | number | object | undefined>)).flatMap(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return (await stepScript.run(redis, bulkActKey(prefix, id), [prefix, ...named, ...pairs])) === 1;
}

/** Begins to count what an act would take, once under its id. */
export const addBulkAct = (
  redis: Redis,
  prefix: string,
  id: string,
  act: Pick<BulkAct, 'kind' | 'filter' | 'createdBefore' | 'who'>,
): Promise<boolean> => step(redis, prefix, id, { expected: [], fields: { ...act, state: 'counting' } });

/**
 * Writes a step of an act.
 * @param expected States from which it may be made.
 * @param holder Of the turn of the act; without one anybody may make it.
 * @returns false if the act is in another state by now, or another dashboard works on it.
 */
export const stepBulkAct = (
  redis: Redis,
  prefix: string,
  id: string,
  expected: readonly BulkActState[],
  fields: BulkActStep,
  holder?: string,
): Promise<boolean> => step(redis, prefix, id, { expected, fields, ...defined({ holder }) });

/** Finds an act; undefined if there is none, or Redis has let go of it. */
export async function findBulkAct(redis: Redis, prefix: string, id: string): Promise<BulkAct | undefined> {
  const key = bulkActKey(prefix, id);
  const fields = await readHash(redis, key);
  if (Object.keys(fields).length === 0) return undefined;
  // an empty field is as good as none
  const filled = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
  return { id, ...parseEntry(key, storedSchema, { filter: '', ...filled }) };
}

/** Reads the last acts, the newest first. */
export async function listBulkActs(redis: Redis, prefix: string, count: number): Promise<BulkAct[]> {
  const ids = await redis.zrevrange(bulkActsKey(prefix), 0, count - 1);
  const found = await Promise.all(ids.map((id) => findBulkAct(redis, prefix, id).catch(passByCorrupt)));
  return found.filter((act) => act !== undefined);
}

/** Names the acts that a dashboard works on or must go on with, the oldest first. */
export const listBulkActsUnderWay = (redis: Redis, prefix: string): Promise<string[]> =>
  redis.zrange(bulkActsUnderWayKey(prefix), '0', String(KEPT - 1));
