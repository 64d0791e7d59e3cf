import {
  GENERATION_ID_AHEAD_MS,
  generationIdTime,
  hasCode,
  isGenerationId,
  type ErrorCode,
  type ListedRecord,
  type RecordedSubmission,
} from '@darkroom/contracts';
import { eachAtOnce } from './at-once.ts';
import { groupBySubmission } from './generation-records.ts';
import { isCertainlyKept, KEPT_MS } from './kept.ts';
import { byGeneration, dateOf, inGroups, LISTED_ONE_BY_ONE } from './listings.ts';
import type { Recovery } from './ports.ts';
import { restoreGeneration } from './restore-generation.ts';

/** What a comparison found. */
export interface Comparison {
  /** Generations whose records were compared. */
  compared: number;
  /** The generations of which Redis had forgotten something, and knows it again. */
  restored: string[];
  /** The generations that could not be brought back, because their records are damaged. */
  damaged: Damage[];
}

export interface Damage {
  generationId: string;
  /** What is wrong with which record, of S3 or of Redis. */
  error: Error & { code: ErrorCode };
}

/** So many generations are compared with Redis at once. */
const COMPARED_AT_ONCE = 500;
/** So many are brought back at once: each reads its records from S3. */
export const RESTORED_AT_ONCE = 32;
const DAY_MS = 86_400_000;

export interface RestoreForgottenOptions {
  /** Ends the walk before its next step. */
  signal?: AbortSignal;
}

/**
 * Asks S3 what Redis has forgotten of the last two days (`COMPARED_MS`), by the names of the records alone, and brings it back.
 * What is neither so young that Redis must have it nor open there is left alone: its time in Redis may be over. When S3 wrote something
 * is not asked: its clock may differ from Redis time by days.
 * @throws StorageError when S3 is away; the reason of the signal when it is aborted.
 */
export async function restoreForgotten(recovery: Recovery, { signal }: RestoreForgottenOptions = {}): Promise<Comparison> {
  const restored: string[] = [];
  const damaged: Damage[] = [];
  let compared = 0;
  for await (const generations of inGroups(listCandidates(recovery, signal), COMPARED_AT_ONCE)) {
    signal?.throwIfAborted();
    compared += generations.length;
    const forgotten = await recovery.store.findForgotten(generations.flatMap(describeRecorded));
    await eachAtOnce(forgotten, RESTORED_AT_ONCE, async (generationId) => {
      signal?.throwIfAborted();
      const damage = await restoreOrName(recovery, generationId);
      if (damage === undefined) restored.push(generationId);
      else damaged.push(damage);
    });
  }
  return { compared, restored, damaged };
}

/** Brings a generation back, or says what keeps it from being brought back for good. */
export async function restoreOrName(
  recovery: Recovery,
  generationId: string,
  listed?: readonly ListedRecord[],
): Promise<Damage | undefined> {
  try {
    await restoreGeneration(recovery, generationId, listed);
    return undefined;
  } catch (error) {
    const isDamage = hasCode(error, 'storage.corrupt-record') || hasCode(error, 'store.corrupt-record');
    if (isDamage && error instanceof Error) return { generationId, error };
    throw error;
  }
}

/**
 * Lists the records, generation by generation. Redis may have forgotten an enqueue of the last days, and something later of any
 * generation that is open. One that was enqueued longer ago and is bought only now is known to Redis. An id may be a day old when it is
 * enqueued, and its records lie under its own date.
 */
async function* listCandidates({ store, archive, now }: Recovery, signal?: AbortSignal): AsyncGenerator<ListedRecord[], void, undefined> {
  const startedAt = now();
  const recent = new Set<string>();
  const until = startedAt + GENERATION_ID_AHEAD_MS;
  for (let at = startedAt - KEPT_MS; at < until + DAY_MS; at += DAY_MS) recent.add(dateOf(Math.min(at, until)));
  for (const date of recent) {
    yield* listOfDate(archive, date, (generationId) => isCertainlyKept(generationId, startedAt), signal);
  }

  const older = new Map<string, Set<string>>();
  for await (const generationId of store.listOpen()) {
    // What is no id of ours has no date, and no records.
    if (!isGenerationId(generationId) || isCertainlyKept(generationId, startedAt)) continue;
    const date = dateOf(generationIdTime(generationId));
    const ofDate = older.get(date) ?? new Set();
    older.set(date, ofDate.add(generationId));
  }
  for (const [date, generationIds] of older) {
    if (generationIds.size > LISTED_ONE_BY_ONE) yield* listOfDate(archive, date, (generationId) => generationIds.has(generationId), signal);
    else
      for (const generationId of generationIds) {
        signal?.throwIfAborted();
        yield* byGeneration(await archive.listRecordsOf(generationId));
      }
  }
}

/** The records of a day, of those generations that are wanted. */
async function* listOfDate(
  archive: Recovery['archive'],
  date: string,
  isWanted: (generationId: string) => boolean,
  signal?: AbortSignal,
): AsyncGenerator<ListedRecord[], void, undefined> {
  for await (const records of byGeneration(archive.listRecordsOfDate(date))) {
    signal?.throwIfAborted();
    if (isWanted(records[0]?.generationId ?? '')) yield records;
  }
}

const describeRecorded = (records: readonly ListedRecord[]) =>
  groupBySubmission(records).map(({ ref, round, hasResult, hasDecision, hasAmendment }): RecordedSubmission => ({
    ...ref,
    round,
    end: hasAmendment ? 'amendment' : hasDecision ? 'decision' : hasResult ? 'result' : 'none',
  }));
