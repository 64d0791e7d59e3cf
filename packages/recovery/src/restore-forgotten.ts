import { defined, DarkroomError, hasCode, MAX_CHECKPOINT_AGE_MS, RebuildNeededError, type ListedRecord } from '@darkroom/contracts';
import type { RecordedSubmission } from '@darkroom/generation-store';
import { createLanes, eachAtOnce } from './at-once.ts';
import { groupBySubmission } from './generation-records.ts';
import { listCandidates } from './list-candidates.ts';
import { inGroups } from './listings.ts';
import type { Recovery } from './ports.ts';
import { restoreGeneration } from './restore-generation.ts';

/** Result of a comparison. */
export interface Comparison {
  /** Generations whose records were compared. */
  compared: number;
  /** Restored generations, of which Redis had forgotten something. */
  restored: string[];
  /** Generations that could not be restored, because their records are damaged. */
  damaged: Damage[];
  /** Keys among those of the records that Darkroom did not write. */
  foreign: string[];
}

export interface Damage {
  generationId: string;
  /** Fault of a record of S3 or an entry of Redis. */
  error: DarkroomError;
}

/** So many generations are compared with Redis at once. */
const COMPARED_AT_ONCE = 500;
/** So many listings are read at once. */
const LISTED_AT_ONCE = 8;
/** So many are brought back at once: each reads its records from S3. */
export const RESTORED_AT_ONCE = 32;

export interface RestoreForgottenOptions {
  /** Redis time since when Redis may have forgotten something, by its checkpoint; absent if nothing tells. */
  since?: number;
  /** Ends the walk before its next step. */
  signal?: AbortSignal;
}

/**
 * Asks S3, by the names of records alone, what Redis may have forgotten since its checkpoint, and restores it. Without a checkpoint
 * it compares the last two days (`COMPARED_MS`). It restores a generation only if Redis must still have it by its age, or counts it as open; the
 * time of every other one in Redis may be over. The time of a record in S3 does not count, because the clock of S3 may differ from Redis time by days.
 * @throws StorageError when S3 is away; RebuildNeededError if the checkpoint is older than `MAX_CHECKPOINT_AGE_MS` and a generation is
 * missing that came after it; the reason of the signal once it is aborted.
 */
export async function restoreForgotten(recovery: Recovery, { since, signal }: RestoreForgottenOptions = {}): Promise<Comparison> {
  const restored = new Set<string>();
  const damaged = new Map<string, Damage>();
  const foreign = new Set<string>();
  let compared = 0;
  const oldSince = since !== undefined && recovery.now() - since > MAX_CHECKPOINT_AGE_MS ? since : undefined;
  const restoreInTurn = createLanes(RESTORED_AT_ONCE);
  const leftOut = new Set((await recovery.store.listDamaged()).map(({ generationId }) => generationId));

  async function bringBack(generationId: string, records: readonly ListedRecord[]): Promise<void> {
    signal?.throwIfAborted();
    const outcome = await orDamage(generationId, async () => {
      if (oldSince !== undefined && (await isOver(recovery, generationId, records, oldSince))) return 'over';
      await restoreGeneration(recovery, generationId, records);
      return 'restored';
    });
    if (outcome === 'restored') restored.add(generationId);
    // What a rebuild has left out was named then, and buys nothing.
    else if (outcome !== 'over' && !leftOut.has(generationId)) damaged.set(generationId, outcome);
  }

  const listings = listCandidates(recovery, {
    ...defined({ since, signal }),
    onForeign: (key) => foreign.add(key),
  });
  await eachAtOnce(listings, LISTED_AT_ONCE, async (listing) => {
    for await (const generations of inGroups(listing(), COMPARED_AT_ONCE)) {
      signal?.throwIfAborted();
      compared += generations.length;
      const forgotten = new Set(await recovery.store.findForgotten(generations.flatMap(describeRecorded)));
      const forgottenNames = generations.filter(([record]) => record !== undefined && forgotten.has(record.generationId));
      const names = new Map(forgottenNames.map((records) => [records[0]?.generationId ?? '', records.length]));
      // Nothing was bought since of what is unread and of which S3 has heard nothing: caps count it, its id is refused, and its reader comes.
      const unread = names.size === 0 ? undefined : await recovery.store.compareUnread(names);
      const missing = forgottenNames.filter(([record]) => record !== undefined && unread?.same.has(record.generationId) !== true);
      await eachAtOnce(missing, RESTORED_AT_ONCE, (records) => restoreInTurn(() => bringBack(records[0]?.generationId ?? '', records)));
    }
  });
  return { compared, restored: [...restored], damaged: [...damaged.values()], foreign: [...foreign] };
}

/**
 * Returns true if Redis dropped a generation because its time was over, behind a checkpoint older than the retention of entries: it was
 * enqueued before the checkpoint, so Redis knew it then.
 * @throws RebuildNeededError if Redis has forgotten it: it was enqueued since, and others may be missing that are over by now.
 */
async function isOver(
  { store, archive }: Recovery,
  generationId: string,
  records: readonly ListedRecord[],
  since: number,
): Promise<boolean> {
  if ((await store.findSubmissions(generationId)).length > 0) return false;
  const named = records.find(({ kind }) => kind === 'intent');
  const intent = named === undefined ? undefined : await archive.findIntent(named, named.round);
  // Without an intent nothing tells: the restore names the damage.
  if (intent === undefined) return false;
  if (intent.createdAt < since) return true;
  throw new RebuildNeededError(generationId, { details: { generationId } });
}

/** Restores a generation, or names the damage that prevents it. */
export async function restoreOrName(
  recovery: Recovery,
  generationId: string,
  listed?: readonly ListedRecord[],
): Promise<Damage | undefined> {
  const outcome = await orDamage(generationId, () => restoreGeneration(recovery, generationId, listed));
  return typeof outcome === 'string' ? undefined : outcome;
}

/**
 * Works on one generation.
 * @returns the damage instead, if a record of it cannot be used.
 */
export async function orDamage<Value>(generationId: string, work: () => Promise<Value>): Promise<Value | Damage> {
  try {
    return await work();
  } catch (error) {
    const isDamage = hasCode(error, 'storage.corrupt-record') || hasCode(error, 'store.corrupt-record');
    if (isDamage && error instanceof DarkroomError) return { generationId, error };
    throw error;
  }
}

const describeRecorded = (records: readonly ListedRecord[]) =>
  groupBySubmission(records).map(({ ref, round, hasResult, hasDecision, hasAmendment }): RecordedSubmission => ({
    ...ref,
    round,
    end: hasAmendment ? 'amendment' : hasDecision ? 'decision' : hasResult ? 'result' : 'none',
  }));
