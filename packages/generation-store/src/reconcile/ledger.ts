import type { NanoUsd } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openKey } from '../keys.ts';
import {
  beginSumsScript,
  correctLedgerScript,
  endSumsScript,
  holdingPeriodsScript,
  nameInSumsScript,
  sumHoldsScript,
} from '../scripts/ledger.ts';

/** A period whose reserved sum is not that of its holds. */
export interface LedgerDrift {
  period: string;
  reservedNanoUsd: NanoUsd;
  heldNanoUsd: NanoUsd;
  /** "unreadable": the ledger of the period holds no sum that can be read. */
  action: 'named' | 'corrected' | 'unreadable';
}

/** A part of the sums of all holds was made. */
export type SumStep = { kind: 'no-turn' | 'lost' } | { kind: 'summed' | 'over'; unreadable: string[] };

/** A part of the periods was compared. */
export type CompareStep = { kind: 'no-turn' | 'lost' | 'moved' } | { kind: 'compared'; next: string; drifts: LedgerDrift[] };

/** Which pass sums up, and by which turn it may. */
export interface SummingPass {
  holder: string;
  turn: string;
}

/** About so many submissions are summed up, and periods compared, in one step: a few milliseconds of Redis. */
const SUBMISSIONS_AT_ONCE = 100;
const PERIODS_AT_ONCE = 100;

const number = z.coerce.number();
const refusalSchema = z.tuple([z.enum(['no-turn', 'lost', 'moved'])]);
const sumReplySchema = z.union([refusalSchema, z.tuple([z.enum(['summed', 'over'])]).rest(z.string())]);
const driftSchema = z.tuple([z.string(), number, number, z.enum(['named', 'corrected', 'unreadable'])]);
const compareReplySchema = z.union([refusalSchema, z.tuple([z.literal('compared'), z.string()]).rest(driftSchema)]);

/** Begins the sums of a pass. @returns whether it has the turn. */
export const beginSums = async (redis: Redis, prefix: string, { holder, turn }: SummingPass): Promise<boolean> =>
  z
    .tuple([z.enum(['no-turn', 'begun'])])
    .parse(await beginSumsScript.run(redis, openKey(prefix), [prefix, holder, turn]))
    .includes('begun');

/** Names periods that are compared although they may hold nothing. */
export async function nameInSums(redis: Redis, prefix: string, { holder, turn }: SummingPass, periods: readonly string[]): Promise<void> {
  for (let at = 0; at < periods.length; at += PERIODS_AT_ONCE)
    await nameInSumsScript.run(redis, openKey(prefix), [prefix, holder, turn, ...periods.slice(at, at + PERIODS_AT_ONCE)]);
}

/** Sums up what the next open generations hold. @param atOnce About so many submissions. */
export async function sumHolds(
  redis: Redis,
  prefix: string,
  { holder, turn }: SummingPass,
  atOnce = SUBMISSIONS_AT_ONCE,
): Promise<SumStep> {
  const reply = sumReplySchema.parse(await sumHoldsScript.run(redis, openKey(prefix), [prefix, holder, turn, atOnce]));
  if (reply[0] === 'summed' || reply[0] === 'over') return { kind: reply[0], unreadable: reply.slice(1) };
  return { kind: reply[0] === 'no-turn' ? 'no-turn' : 'lost' };
}

/** Compares some periods with the sums of their holds, and writes the sums down where they differ. @param from '0' to begin. */
export async function correctLedger(
  redis: Redis,
  prefix: string,
  { holder, turn }: SummingPass,
  { from, mayLower }: { from: string; mayLower: boolean },
): Promise<CompareStep> {
  const given = [prefix, holder, turn, mayLower ? 1 : 0, from, PERIODS_AT_ONCE];
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
export const endSums = async (redis: Redis, prefix: string, { holder, turn }: SummingPass): Promise<void> =>
  void (await endSumsScript.run(redis, openKey(prefix), [prefix, holder, turn]));

/** Returns those of the periods that hold something. */
export const holdingPeriods = async (redis: Redis, prefix: string, periods: readonly string[]): Promise<string[]> =>
  periods.length === 0 ? [] : z.array(z.string()).parse(await holdingPeriodsScript.run(redis, openKey(prefix), [prefix, ...periods]));
