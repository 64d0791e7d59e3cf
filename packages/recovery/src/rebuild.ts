import { generationIdTime, type ListedRecord, type PeriodMoney } from '@darkroom/contracts';
import { eachAtOnce } from './at-once.ts';
import { groupBySubmission } from './generation-records.ts';
import { byGeneration } from './listings.ts';
import { addCharges, readPastCharges } from './past-money.ts';
import type { Recovery } from './ports.ts';
import { RESTORED_AT_ONCE, restoreForgotten, restoreOrName, type Damage } from './restore-forgotten.ts';

/** What a rebuild needs of the store, beside what bringing back needs (generation-store). */
export interface RebuildStore {
  beginRebuild(id: string): Promise<{ kind: 'open' } | { kind: 'begun'; id: string; ageMs: number; run: string }>;
  bookPast(id: string, sums: ReadonlyMap<string, PeriodMoney>): Promise<'booked' | 'open' | 'emptied'>;
  finishRebuild(rebuilt: {
    id: string;
    run: string;
    epoch: string;
    ownerId?: string;
  }): Promise<'opened' | 'open' | 'emptied' | 'restarted'>;
}

export interface RebuildOptions {
  /** Of generations older than this, in days, only those are brought back of which a submission has no end in S3. */
  days: number;
  /** How long Redis keeps what has ended, in milliseconds: what ended before that gets no entry, its money alone is booked. */
  keptMs: number;
  /** Opens the store although generations are missing in it, whose records are damaged. */
  skipDamaged: boolean;
  createId: () => string;
  /** The Darkroom that the bucket belongs to (`takeOverBucket`). */
  ownerId?: string;
  /** Ends it early; it may be begun again. */
  signal: AbortSignal;
  /** Called often. */
  onProgress: (progress: RebuildProgress) => void;
}

export interface RebuildProgress {
  /** The day that is being brought back ("2026-11-22"). */
  date: string;
  /** Records that were listed, and those that were read. */
  listed: number;
  read: number;
  /** Generations that were brought back. */
  generations: number;
  /** Generations whose money alone was brought back. */
  past: number;
}

export type RebuildOutcome =
  /** There was nothing to rebuild, or another rebuild was first. */
  | { kind: 'open' }
  | { kind: 'opened' | 'damaged'; done: RebuildProgress; damaged: readonly Damage[] }
  /** Ended early by the signal; Redis restarted or lost its memory meanwhile; it was begun too long ago to be gone on with. */
  | { kind: 'stopped' | 'restarted' | 'emptied' | 'too-old' };

const DAY_MS = 86_400_000;
/** What has ended stays in Redis for a week: brought back a second time after that, its money would be counted twice. */
const MAX_AGE_MS = 5 * DAY_MS;

/**
 * Fills a Redis that lost its memory with what S3 remembers, and opens it. Without the epoch, which is written last, nothing is
 * enqueued or bought, so workers, receivers and producers may go on running, and nobody sees a ledger that is not whole (I9).
 *
 * Killed anywhere it is begun again and brings back what is missing; two at once do no harm.
 * @throws StorageError when S3 is away.
 */
export async function rebuild(
  recovery: Recovery & { store: RebuildStore },
  { days, keptMs, skipDamaged, createId, ownerId, signal, onProgress }: RebuildOptions,
): Promise<RebuildOutcome> {
  const { store, archive } = recovery;
  const begun = await store.beginRebuild(createId());
  if (begun.kind === 'open') return begun;
  if (begun.ageMs > MAX_AGE_MS) return { kind: 'too-old' };

  const since = recovery.now() - days * DAY_MS;
  // By the beginning: begun again, it comes to the same.
  const pastBefore = recovery.now() - begun.ageMs - keptMs;
  const done: RebuildProgress = { date: '', listed: 0, read: 0, generations: 0, past: 0 };
  const sums = new Map<string, PeriodMoney>();
  const damaged: Damage[] = [];
  for (const date of await archive.listRecordDates()) {
    done.date = date;
    await eachAtOnce(byGeneration(archive.listRecordsOfDate(date)), RESTORED_AT_ONCE, async (records) => {
      const [first] = records;
      done.listed += records.length;
      onProgress(done);
      if (signal.aborted || first === undefined || !isWanted(records, since)) return;
      if (generationIdTime(first.generationId) < pastBefore && isOver(records)) {
        const charges = await readPastCharges(recovery, first.generationId, records, pastBefore);
        if (charges !== undefined) {
          addCharges(sums, charges);
          done.read += records.length;
          done.past += 1;
          return;
        }
      }
      const damage = await restoreOrName(recovery, first.generationId, records);
      if (damage !== undefined) return void damaged.push(damage);
      done.read += records.length;
      done.generations += 1;
    });
    if (signal.aborted) return { kind: 'stopped' };
  }
  // Workers that had committed before the loss have gone on meanwhile: their intents and results came after the listing. Looked
  // again until a look finds nothing new.
  const seen = new Set(damaged.map(({ generationId }) => generationId));
  for (let isNews = true; isNews;) {
    const found = await restoreForgotten(recovery, { signal }).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (found === undefined || signal.aborted) return { kind: 'stopped' };
    const news = found.restored.filter((generationId) => !seen.has(generationId));
    damaged.push(...found.damaged.filter(({ generationId }) => !seen.has(generationId)));
    for (const generationId of [...news, ...found.damaged.map((each) => each.generationId)]) seen.add(generationId);
    done.generations += news.length;
    isNews = news.length > 0;
  }
  if (damaged.length > 0 && !skipDamaged) return { kind: 'damaged', done, damaged };
  const booked = await store.bookPast(begun.id, sums);
  if (booked !== 'booked') return { kind: booked };
  const end = await store.finishRebuild({
    id: begun.id,
    run: begun.run,
    epoch: createId(),
    ...(ownerId === undefined ? {} : { ownerId }),
  });
  return end === 'opened' ? { kind: 'opened', done, damaged } : { kind: end };
}

/** The clock of S3, by which it tells when a record was written, may be behind Redis time by so much. */
const S3_BEHIND_MS = 3 * DAY_MS;

/** Whole generations of the last days, whose money the ledger needs; of older ones those that are not over. */
const isWanted = (records: readonly ListedRecord[], since: number): boolean =>
  records.some(({ generationId, writtenAt }) => writtenAt >= since - S3_BEHIND_MS || generationIdTime(generationId) >= since) ||
  !isOver(records);

/** Whether each submission that was sent has ended, by the names of its records. */
const isOver = (records: readonly ListedRecord[]): boolean => groupBySubmission(records).every(({ hasResult }) => hasResult);
