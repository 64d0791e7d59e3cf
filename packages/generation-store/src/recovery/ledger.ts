import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import { readHolds } from '../lua/hold-sums.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { money } from '../lua/money.ts';
import { openPages } from '../lua/open-pages.ts';
import { prelude } from '../lua/prelude.ts';
import { RECONCILE_TURN } from './turns.ts';

/** Time for which sums of a dead pass are followed; each step of a pass extends it. */
const SUMS_FOLLOWED_MS = 300_000;
/** Keeps the sums followed. They have no time to live, because Redis frees an expired key in one piece: 34 ms for 100,000 periods. */
const keepFollowed = `redis.call('HSET', sumsKey, '@until', int(nowMs() + ${SUMS_FOLLOWED_MS}))`;
/** Entries of one step, if each has one submission: a step takes a few milliseconds. */
const ENTRIES_AT_ONCE = 100;

/** The sums of this pass; "no-turn" once another pass has the turn, "lost" if they are gone. */
const ownSums = /* lua */ `
if redis.call('GET', prefix .. ':turn:' .. ARGV[3]) ~= ARGV[2] then return { 'no-turn' } end
local sums = sumsUnderWay()
if not sums or sums.holder ~= ARGV[2] then return { 'lost' } end
`;

/** Begins the sums of a pass, in place of those that another left. ARGV: prefix, holder, turn. Replies: no-turn | begun. */
const beginSumsScript = createLuaScript(/* lua */ `${prelude}${money}
if redis.call('GET', prefix .. ':turn:' .. ARGV[3]) ~= ARGV[2] then return { 'no-turn' } end
redis.call('UNLINK', sumsKey)
redis.call('HSET', sumsKey, '@holder', ARGV[2], '@score', '', '@id', '', '@moves', 0, '@before', redis.call('GET', prefix .. ':hold-moves') or '0')
${keepFollowed}
return { 'begun' }
`);

/** Names periods that are compared although they may hold nothing: from ARGV[4] on. Replies: no-turn | lost | named. */
const nameInSumsScript = createLuaScript(/* lua */ `${prelude}${money}${ownSums}
for at = 4, #ARGV do redis.call('HSETNX', sumsKey, ARGV[at], 0) end
return { 'named' }
`);

/**
 * Sums up the holds of the next open generations, about ARGV[4] submissions. Replies: no-turn | lost | summed | over, then the ids of
 * generations that could not be read completely.
 */
const sumHoldsScript = createLuaScript(/* lua */ `${prelude}${money}${readHolds}${openPages}${ownSums}
local entries = pageAfter(openKey, sums.score, sums.id, ${ENTRIES_AT_ONCE})
local found, reply, looked, last = {}, { 'summed' }, 0, 0
for at = 1, #entries, 2 do
  local some, isReadable = addHoldsOf(entries[at], found)
  if not isReadable then reply[#reply + 1] = entries[at] end
  looked, last = looked + some, at
  if looked >= tonumber(ARGV[4]) then break end
end
for name, amount in pairs(found) do redis.call('HINCRBY', sumsKey, name, int(amount)) end
if last + 1 >= #entries and #entries < ${2 * ENTRIES_AT_ONCE} then
  reply[1] = 'over'
  redis.call('HSET', sumsKey, '@score', 'all')
else
  redis.call('HSET', sumsKey, '@score', entries[last + 1], '@id', entries[last])
end
${keepFollowed}
return reply
`);

/**
 * Compares the ledger with some of the sums, and writes those that differ. A sum lower than the ledger is written only if ARGV[4] is 1.
 * ARGV[5] is the place to continue from, ARGV[6] about the number of periods to compare.
 *
 * Replies: no-turn | lost | moved (a process of an earlier version moved a hold, so the sums do not hold) | compared <place to continue
 * from>, then period | reserved | held | named, corrected or unreadable of each that differs.
 */
const correctLedgerScript = createLuaScript(/* lua */ `${prelude}${money}${ownSums}
local counts = redis.call('HMGET', sumsKey, '@before', '@moves')
if sums.score ~= 'all' then return { 'lost' } end
if (tonumber(redis.call('GET', prefix .. ':hold-moves') or '0') or 0) - tonumber(counts[1]) ~= tonumber(counts[2]) then return { 'moved' } end
local page = redis.call('HSCAN', sumsKey, ARGV[5], 'COUNT', ARGV[6])
local reply = { 'compared', page[1] }
for at = 1, #page[2], 2 do
  local name, held = page[2][at], page[2][at + 1]
  if string.sub(name, 1, 1) ~= '@' then
    local reserved = redis.pcall('HGET', prefix .. ':spend:' .. name, 'reserved') or '0'
    if type(reserved) ~= 'string' or not isWhole(reserved) then
      reply[#reply + 1] = { name, '0', held, 'unreadable' }
    elseif tonumber(reserved) ~= tonumber(held) then
      local isCorrected = tonumber(reserved) < tonumber(held) or ARGV[4] == '1'
      if isCorrected then addToPeriods(name, { reserved = tonumber(held) - tonumber(reserved) }) end
      reply[#reply + 1] = { name, reserved, held, isCorrected and 'corrected' or 'named' }
    end
  end
end
${keepFollowed}
return reply
`);

/** Ends the sums of a pass, or those that no pass follows any more; never those of another pass. */
const endSumsScript = createLuaScript(/* lua */ `${prelude}${money}
local sums = sumsUnderWay()
if not sums or sums.holder == ARGV[2] then redis.call('UNLINK', sumsKey) end
return 1
`);

/** Returns those periods, from ARGV[2] on, with any money. A period with an unreadable sum may be one. */
const holdingPeriodsScript = createLuaScript(/* lua */ `${prelude}
local reply = {}
for at = 2, #ARGV do
  local reserved = redis.pcall('HGET', prefix .. ':spend:' .. ARGV[at], 'reserved')
  if reserved and reserved ~= '0' then reply[#reply + 1] = ARGV[at] end
end
return reply
`);

/** A period whose reserved sum differs from that of its holds. */
export interface LedgerDrift {
  period: string;
  reservedNanoUsd: NanoUsd;
  heldNanoUsd: NanoUsd;
  /** "unreadable": the ledger of the period holds no readable sum. */
  action: 'named' | 'corrected' | 'unreadable';
}

/** Result of a step that sums up holds. */
export type SumStep = { kind: 'no-turn' | 'lost' } | { kind: 'summed' | 'over'; unreadable: string[] };

/** Result of a step that compares periods. */
export type CompareStep = { kind: 'no-turn' | 'lost' | 'moved' } | { kind: 'compared'; next: string; drifts: LedgerDrift[] };

/** About the number of submissions to sum up, and periods to compare, in one step: a few milliseconds of Redis. */
const SUBMISSIONS_AT_ONCE = 100;
const PERIODS_AT_ONCE = 100;

const number = z.coerce.number();
const refusalSchema = z.tuple([z.enum(['no-turn', 'lost', 'moved'])]);
const sumReplySchema = z.union([refusalSchema, z.tuple([z.enum(['summed', 'over'])]).rest(z.string())]);
const driftSchema = z.tuple([z.string(), number, number, z.enum(['named', 'corrected', 'unreadable'])]);
const compareReplySchema = z.union([refusalSchema, z.tuple([z.literal('compared'), z.string()]).rest(driftSchema)]);

/**
 * Begins sums of all holds, which follow each hold that moves.
 * @param holder Names the pass.
 * @returns true if it has the turn.
 */
export const beginSums = async (redis: Redis, prefix: string, holder: string): Promise<boolean> =>
  z
    .tuple([z.enum(['no-turn', 'begun'])])
    .parse(await beginSumsScript.run(redis, openKey(prefix), [prefix, holder, RECONCILE_TURN]))
    .includes('begun');

/** Names periods that are compared although they may hold nothing. */
export async function nameInSums(redis: Redis, prefix: string, holder: string, periods: readonly string[]): Promise<void> {
  for (let at = 0; at < periods.length; at += PERIODS_AT_ONCE)
    await nameInSumsScript.run(redis, openKey(prefix), [prefix, holder, RECONCILE_TURN, ...periods.slice(at, at + PERIODS_AT_ONCE)]);
}

/**
 * Sums up the holds of the next open generations.
 * @param atOnce About the number of submissions.
 */
export async function sumHolds(redis: Redis, prefix: string, holder: string, atOnce = SUBMISSIONS_AT_ONCE): Promise<SumStep> {
  const reply = sumReplySchema.parse(await sumHoldsScript.run(redis, openKey(prefix), [prefix, holder, RECONCILE_TURN, atOnce]));
  if (reply[0] === 'summed' || reply[0] === 'over') return { kind: reply[0], unreadable: reply.slice(1) };
  return { kind: reply[0] === 'no-turn' ? 'no-turn' : 'lost' };
}

/**
 * Compares some periods with the sums of their holds, and writes those that differ.
 * @param from '0' to begin.
 */
export async function correctLedger(
  redis: Redis,
  prefix: string,
  holder: string,
  { from, mayLower }: { from: string; mayLower: boolean },
): Promise<CompareStep> {
  const given = [prefix, holder, RECONCILE_TURN, mayLower ? 1 : 0, from, PERIODS_AT_ONCE];
  const reply = compareReplySchema.parse(await correctLedgerScript.run(redis, openKey(prefix), given));
  if (reply[0] !== 'compared') return { kind: reply[0] };
  const [, next, ...drifts] = reply;
  return {
    kind: 'compared',
    next,
    drifts: drifts.map(([period, reservedNanoUsd, heldNanoUsd, action]) => ({ period, reservedNanoUsd, heldNanoUsd, action })),
  };
}

/** Ends the sums of a pass. */
export const endSums = async (redis: Redis, prefix: string, holder: string): Promise<void> =>
  void (await endSumsScript.run(redis, openKey(prefix), [prefix, holder, RECONCILE_TURN]));

/** Returns those periods with any money. */
export const holdingPeriods = async (redis: Redis, prefix: string, periods: readonly string[]): Promise<string[]> =>
  periods.length === 0 ? [] : z.array(z.string()).parse(await holdingPeriodsScript.run(redis, openKey(prefix), [prefix, ...periods]));
