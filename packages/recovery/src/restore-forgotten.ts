import { COMPARED_MS, hasCode, type ListedRecord, type RecordedSubmission, type StorageError } from '@darkroom/contracts';
import { groupBySubmission } from './generation-records.ts';
import type { Recovery } from './ports.ts';
import { restoreGeneration } from './restore-generation.ts';

/** So many generations are compared with Redis at once. */
const COMPARED_AT_ONCE = 500;
/** So many are brought back at once: each reads its records from S3. */
const RESTORED_AT_ONCE = 32;

/** What a comparison found. */
export interface Comparison {
  /** Generations that S3 has records of. */
  compared: number;
  /** The generations of which Redis had forgotten something, and knows it again. */
  restored: string[];
  /** The generations that could not be brought back, because their records are damaged. */
  damaged: Damage[];
}

export interface Damage {
  generationId: string;
  /** What is wrong with which record. */
  error: StorageError;
}

/**
 * Compares what S3 remembers of the generations of these days with Redis, by the names of the records alone, and brings back what
 * Redis has forgotten. Generations of which nothing was written for `COMPARED_MS` are left alone: their time in Redis may be over.
 * @param dates Such as "2026-11-22", UTC.
 * @throws StorageError when S3 is away.
 */
export async function restoreForgotten(recovery: Recovery, dates: readonly string[]): Promise<Comparison> {
  const restored: string[] = [];
  const damaged: Damage[] = [];
  let compared = 0;
  for (const date of dates) {
    for await (const generations of inGroups(listGenerations(recovery, date), COMPARED_AT_ONCE)) {
      compared += generations.length;
      const forgotten = new Set(await recovery.store.findForgotten(generations.flatMap(describeRecorded)));
      const again = generations.filter(([first]) => first !== undefined && forgotten.has(first.generationId));
      for await (const few of inGroups(again, RESTORED_AT_ONCE))
        await Promise.all(
          few.map(async ([first]) => {
            if (first === undefined) return;
            const damage = await restoreOrName(recovery, first.generationId);
            if (damage === undefined) restored.push(first.generationId);
            else damaged.push(damage);
          }),
        );
    }
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
    // told by its code, and read as what it is: a StorageError has no other class
    if (hasCode(error, 'storage.corrupt-record')) return { generationId, error: error as StorageError };
    throw error;
  }
}

/** The records of each generation of a day of which something was written lately. */
async function* listGenerations({ archive, now }: Recovery, date: string): AsyncGenerator<ListedRecord[], void, undefined> {
  const since = now() - COMPARED_MS;
  for await (const records of byGeneration(archive.listRecordsOfDate(date)))
    if (records.some(({ writtenAt }) => writtenAt >= since)) yield records;
}

/** The records of one generation after the other, from a listing in the order of keys. */
export async function* byGeneration(listing: AsyncIterable<ListedRecord>): AsyncGenerator<ListedRecord[], void, undefined> {
  let records: ListedRecord[] = [];
  for await (const record of listing) {
    if (records[0] !== undefined && records[0].generationId !== record.generationId) {
      yield records;
      records = [];
    }
    records.push(record);
  }
  if (records.length > 0) yield records;
}

const describeRecorded = (records: readonly ListedRecord[]) =>
  groupBySubmission(records).map(({ ref, round, hasResult, hasDecision, hasAmendment }): RecordedSubmission => ({
    ...ref,
    round,
    end: hasAmendment ? 'amendment' : hasDecision ? 'decision' : hasResult ? 'result' : 'none',
  }));

/** Items a few at a time. */
export async function* inGroups<Item>(items: AsyncIterable<Item> | Iterable<Item>, size: number): AsyncGenerator<Item[], void, undefined> {
  let group: Item[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
