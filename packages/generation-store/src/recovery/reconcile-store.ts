import type { KnownGeneration, OpenCursor, PassProgress, PassReport, SubmissionRef, SubmissionResult } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { readRecord } from '../corrupt-entry.ts';
import { epochKey, readingKey, submissionKey, turnKey } from '../keys.ts';
import { forgetBought, readBoughtPage, readOpenPage, type OpenPage } from './open-generations.ts';
import { endTurnScript, takeTurnScript } from './turns.ts';
import { storedResult } from '../entry-fields.ts';
import {
  dropIdempotencyKey,
  dropOpen,
  forgetUnclaimed,
  readUnclaimed,
  scanNames,
  type LeftIdempotencyKey,
  type ScannedNames,
  type UnclaimedDelivery,
} from './indexes.ts';
import { findLastPass, noteProgress, recordPass } from './last-pass.ts';
import { beginSums, correctLedger, endSums, nameInSums, sumHolds, type CompareStep, type SumStep } from './ledger.ts';
import { readNamed, rememberNamed } from './named.ts';
import { noteLook, readKnown } from './known.ts';
import { mend, type MendReply } from './mend.ts';

/** The turn of the one reconciler of a fleet. */
const TURN = 'reconcile';

/** The records as the reconciler walks through them: every method is one round trip or a few, every change one script. */
export interface ReconcileStore {
  /** Whether the store holds an epoch (I9). */
  isInitialised(): Promise<boolean>;
  /** Returns true while a rebuild that has opened the store reads on. */
  isReading(): Promise<boolean>;
  /** Takes the fleet's turn, or keeps it. @param holder Names this pass alone. @returns whether it has the turn for so long. */
  takeTurn(holder: string, forMs: number): Promise<boolean>;
  endTurn(holder: string): Promise<void>;
  /** The open generations, oldest first, a page at a time. @param after Where the page before ended. */
  readOpenPage(after: OpenCursor | undefined, count: number): Promise<OpenPage>;
  /** Puts right what is wrong inside the record of a generation, and tells the rest of it; only for who has the turn. */
  mend(generationId: string, holder: string): Promise<MendReply>;
  /** What Redis knows of submissions of one generation. */
  readKnown(generationId: string, refs: readonly SubmissionRef[]): Promise<KnownGeneration>;
  /** How a submission ended, as Redis keeps it. */
  findResult(ref: SubmissionRef): Promise<SubmissionResult | undefined>;
  /** Notes that the settlement of a submission was woken for what lay in S3 by then. */
  noteLook(ref: SubmissionRef, lookedAt: number): Promise<void>;
  /** Begins sums of all holds, which follow each hold that moves. @returns whether the pass has the turn. */
  beginSums(holder: string): Promise<boolean>;
  /** Names periods that are compared although they may hold nothing. */
  nameInSums(holder: string, periods: readonly string[]): Promise<void>;
  /** Sums up what the next open generations hold. @param atOnce About so many submissions. */
  sumHolds(holder: string, atOnce?: number): Promise<SumStep>;
  /** Compares some periods with the sums of their holds, and writes the sums down where they differ. @param from '0' to begin. */
  correctLedger(holder: string, step: { from: string; mayLower: boolean }): Promise<CompareStep>;
  endSums(holder: string): Promise<void>;
  /** Walks through all keys of the store, a few at a time. */
  scanNames(): AsyncGenerator<ScannedNames, void, undefined>;
  dropOpen(generationId: string): Promise<boolean>;
  dropIdempotencyKey(left: LeftIdempotencyKey): Promise<boolean>;
  readUnclaimed(count: number): Promise<UnclaimedDelivery[]>;
  forgetUnclaimed(delivery: UnclaimedDelivery): Promise<void>;
  /** What passes of the last day have named, a word for each. */
  readNamed(): Promise<Set<string>>;
  /** Keeps what a pass has named. @param at Milliseconds since 1970. */
  rememberNamed(words: readonly string[], at: number): Promise<void>;
  /** The generations that were bought long after their ids were minted, since `after`, a page at a time. */
  readBoughtPage(after: OpenCursor, count: number): Promise<OpenPage>;
  forgetBought(before: number): Promise<void>;
  noteProgress(progress: PassProgress): Promise<void>;
  recordPass(report: PassReport): Promise<void>;
  /** What the last pass of the fleet did; undefined before the first one. */
  findLastPass(): Promise<PassReport | undefined>;
}

/** Builds it on a connection that stays its caller's to close. */
export function buildReconcileStore({ prefix }: { prefix: string }, redis: Redis): ReconcileStore {
  const turn = turnKey(prefix, TURN);
  return {
    isInitialised: async () => (await redis.exists(epochKey(prefix), readingKey(prefix))) > 0,
    isReading: async () => (await redis.exists(readingKey(prefix))) === 1,
    takeTurn: async (holder, forMs) => (await takeTurnScript.run(redis, turn, [prefix, holder, forMs])) === 1,
    endTurn: async (holder) => void (await endTurnScript.run(redis, turn, [prefix, holder])),
    readOpenPage: (after, count) => readOpenPage(redis, prefix, after, count),
    mend: (generationId, holder) => mend(redis, prefix, generationId, { name: TURN, holder }),
    readKnown: (generationId, refs) => readKnown(redis, prefix, generationId, refs),
    async findResult(ref) {
      const key = submissionKey(prefix, ref);
      const result = await redis.hget(key, 'result');
      return result === null ? undefined : readRecord(key, storedResult, result);
    },
    noteLook: (ref, lookedAt) => noteLook(redis, prefix, ref, lookedAt),
    beginSums: (holder) => beginSums(redis, prefix, { holder, turn: TURN }),
    nameInSums: (holder, periods) => nameInSums(redis, prefix, { holder, turn: TURN }, periods),
    sumHolds: (holder, atOnce) => sumHolds(redis, prefix, { holder, turn: TURN }, atOnce),
    correctLedger: (holder, step) => correctLedger(redis, prefix, { holder, turn: TURN }, step),
    endSums: (holder) => endSums(redis, prefix, { holder, turn: TURN }),
    scanNames: () => scanNames(redis, prefix),
    dropOpen: (generationId) => dropOpen(redis, prefix, generationId),
    dropIdempotencyKey: (left) => dropIdempotencyKey(redis, prefix, left),
    readUnclaimed: (count) => readUnclaimed(redis, prefix, count),
    forgetUnclaimed: (delivery) => forgetUnclaimed(redis, prefix, delivery),
    readNamed: () => readNamed(redis, prefix),
    rememberNamed: (words, at) => rememberNamed(redis, prefix, words, at),
    readBoughtPage: (after, count) => readBoughtPage(redis, prefix, after, count),
    forgetBought: (before) => forgetBought(redis, prefix, before),
    noteProgress: (progress) => noteProgress(redis, prefix, progress),
    recordPass: (report) => recordPass(redis, prefix, report),
    findLastPass: () => findLastPass(redis, prefix),
  };
}
