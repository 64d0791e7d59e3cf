import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import { readHolds } from '../lua/hold-sums.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { money } from '../lua/money.ts';
import { nameArguments, namedReply, number } from '../lua/named.ts';
import { openPages } from '../lua/open-pages.ts';
import { prelude } from '../lua/prelude.ts';
import { RECONCILE_TURN } from './turns.ts';

/** Time for which sums of a dead pass are followed; each step of a pass extends it. */
const SUMS_FOLLOWED_MS = 300_000;
/** Keeps the sums followed. They have no time to live, because Redis frees an expired key in one piece: 34 ms for 100,000 periods. */
const keepFollowed = `redis.call('HSET', sumsKey, '@until', int(nowMs() + ${SUMS_FOLLOWED_MS}))`;
/** Entries of one step, if each has one submission: a step takes a few milliseconds. */
const ENTRIES_AT_ONCE = 100;

const pass = nameArguments(['holder']);
/** Ends a script of a pass that no longer has the turn. */
const ownTurn = /* lua */ `
if redis.call('GET', prefix .. ':turn:${RECONCILE_TURN}') ~= holder then return named({ kind = 'no-turn' }) end
`;
/** The sums of this pass; "lost" if they are gone. */
const ownSums = /* lua */ `${ownTurn}
local sums = sumsUnderWay()
if not sums or sums.holder ~= holder then return named({ kind = 'lost' }) end
`;

/** Begins the sums of a pass, in place of those that another left. Replies no-turn or begun. */
const beginSumsScript = createNamedScript(['holder'])(/* lua */ `${prelude}${money}${ownTurn}
redis.call('UNLINK', sumsKey)
redis.call('HSET', sumsKey, '@holder', holder, '@score', '', '@id', '', '@moves', 0, '@before', redis.call('GET', prefix .. ':hold-moves') or '0')
${keepFollowed}
return named({ kind = 'begun' })
`);

/** Names periods that are compared although they may hold nothing. Replies no-turn, lost or named. */
const nameInSumsScript = createLuaScript(/* lua */ `${prelude}${money}
${pass.lua}${ownSums}
for at = ${pass.after}, #ARGV do redis.call('HSETNX', sumsKey, ARGV[at], 0) end
return named({ kind = 'named' })
`);

/** Sums up the holds of the next open generations. Replies no-turn, lost, summed or over, and the generations that it could not read completely. */
const sumHoldsScript = createNamedScript(['holder', 'atOnce'])(/* lua */ `${prelude}${money}${readHolds}${openPages}${ownSums}
local entries = pageAfter(openKey, sums.score, sums.id, ${ENTRIES_AT_ONCE})
local found, unreadable, looked, last = {}, {}, 0, 0
for at = 1, #entries, 2 do
  local some, isReadable = addHoldsOf(entries[at], found)
  if not isReadable then unreadable[#unreadable + 1] = entries[at] end
  looked, last = looked + some, at
  if looked >= tonumber(atOnce) then break end
end
for name, amount in pairs(found) do redis.call('HINCRBY', sumsKey, name, int(amount)) end
local isOver = last + 1 >= #entries and #entries < ${2 * ENTRIES_AT_ONCE}
if isOver then
  redis.call('HSET', sumsKey, '@score', 'all')
else
  redis.call('HSET', sumsKey, '@score', entries[last + 1], '@id', entries[last])
end
${keepFollowed}
return named({ kind = isOver and 'over' or 'summed', unreadable = unreadable })
`);

/**
 * Compares the ledger with some of the sums, and writes those that differ. Replies no-turn, lost, compared, or moved: a process of an
 * earlier version moved a hold, so the sums do not hold.
 */
const correctLedgerScript = createNamedScript(['holder', 'mayLower', 'from', 'atOnce'])(/* lua */ `${prelude}${money}${ownSums}
local counts = redis.call('HMGET', sumsKey, '@before', '@moves')
if sums.score ~= 'all' then return named({ kind = 'lost' }) end
if (tonumber(redis.call('GET', prefix .. ':hold-moves') or '0') or 0) - tonumber(counts[1]) ~= tonumber(counts[2]) then return named({ kind = 'moved' }) end
local page = redis.call('HSCAN', sumsKey, from, 'COUNT', atOnce)
local drifts = {}
local function drift(period, reserved, held, action)
  drifts[#drifts + 1] = named({ period = period, reservedNanoUsd = reserved, heldNanoUsd = held, action = action })
end
for at = 1, #page[2], 2 do
  local name, held = page[2][at], page[2][at + 1]
  if string.sub(name, 1, 1) ~= '@' then
    local reserved = redis.pcall('HGET', prefix .. ':spend:' .. name, 'reserved') or '0'
    if type(reserved) ~= 'string' or not isWhole(reserved) then
      drift(name, 0, held, 'unreadable')
    elseif tonumber(reserved) ~= tonumber(held) then
      local isCorrected = tonumber(reserved) < tonumber(held) or mayLower == '1'
      if isCorrected then addToPeriods(name, { reserved = tonumber(held) - tonumber(reserved) }) end
      drift(name, reserved, held, isCorrected and 'corrected' or 'named')
    end
  end
end
${keepFollowed}
return named({ kind = 'compared', next = page[1], drifts = drifts })
`);

/** Ends the sums of a pass, or those that no pass follows any more; never those of another pass. */
const endSumsScript = createNamedScript(['holder'])(/* lua */ `${prelude}${money}
local sums = sumsUnderWay()
if not sums or sums.holder == holder then redis.call('UNLINK', sumsKey) end
return 1
`);

const ofPeriods = nameArguments(['period']);

/** Returns those periods with any money. A period with an unreadable sum may be one. */
const holdingPeriodsScript = createLuaScript(/* lua */ `${prelude}
local reply = {}
${ofPeriods.each()}
  local reserved = redis.pcall('HGET', prefix .. ':spend:' .. period, 'reserved')
  if reserved and reserved ~= '0' then reply[#reply + 1] = period end
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

const beginSchema = namedReply(z.object({ kind: z.enum(['no-turn', 'begun']) }));
const sumSchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['no-turn', 'lost']) }),
    z.object({ kind: z.enum(['summed', 'over']), unreadable: z.array(z.string()) }),
  ]),
);
const driftSchema = namedReply(
  z.object({
    period: z.string(),
    reservedNanoUsd: number,
    heldNanoUsd: number,
    action: z.enum(['named', 'corrected', 'unreadable']),
  }),
);
const compareSchema = namedReply(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['no-turn', 'lost', 'moved']) }),
    z.object({ kind: z.literal('compared'), next: z.string(), drifts: z.array(driftSchema) }),
  ]),
);

/**
 * Begins sums of all holds, which follow each hold that moves.
 * @param holder Names the pass.
 * @returns true if it has the turn.
 */
export const beginSums = async (redis: Redis, prefix: string, holder: string): Promise<boolean> =>
  beginSchema.parse(await beginSumsScript.run(redis, openKey(prefix), prefix, { holder })).kind === 'begun';

/** Names periods that are compared although they may hold nothing. */
export async function nameInSums(redis: Redis, prefix: string, holder: string, periods: readonly string[]): Promise<void> {
  for (let at = 0; at < periods.length; at += PERIODS_AT_ONCE)
    await nameInSumsScript.run(redis, openKey(prefix), [prefix, holder, ...periods.slice(at, at + PERIODS_AT_ONCE)]);
}

/**
 * Sums up the holds of the next open generations.
 * @param atOnce About the number of submissions.
 */
export const sumHolds = async (redis: Redis, prefix: string, holder: string, atOnce = SUBMISSIONS_AT_ONCE): Promise<SumStep> =>
  sumSchema.parse(await sumHoldsScript.run(redis, openKey(prefix), prefix, { holder, atOnce }));

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
  const given = { holder, mayLower: mayLower ? 1 : 0, from, atOnce: PERIODS_AT_ONCE };
  return compareSchema.parse(await correctLedgerScript.run(redis, openKey(prefix), prefix, given));
}

/** Ends the sums of a pass. */
export const endSums = async (redis: Redis, prefix: string, holder: string): Promise<void> =>
  void (await endSumsScript.run(redis, openKey(prefix), prefix, { holder }));

/** Returns those periods with any money. */
export const holdingPeriods = async (redis: Redis, prefix: string, periods: readonly string[]): Promise<string[]> =>
  periods.length === 0 ? [] : z.array(z.string()).parse(await holdingPeriodsScript.run(redis, openKey(prefix), [prefix, ...periods]));
