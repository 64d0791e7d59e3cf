import { generationIdTime } from '@darkroom/contracts';
import type { GenerationStore, PeriodMoney, ReadingStore } from '@darkroom/generation-store';
import { eachAtOnce } from './at-once.ts';
import { byGeneration } from './listings.ts';
import { openEarly } from './opening/open-early.ts';
import { findUsableSums, type OpeningArchive } from './opening/usable-sums.ts';
import { noteDamaged } from './opening/describe-damage.ts';
import { readOn, type ReadProgress } from './opening/read-on.ts';
import { nameLeftOut, retryDamaged, type LeftOut } from './opening/retry-damaged.ts';
import { addCharges, readPastCharges } from './past-money.ts';
import type { Recovery } from './ports.ts';
import { RESTORED_AT_ONCE, restoreForgotten, restoreOrName, type Damage } from './restore-forgotten.ts';
import { isOver, isWanted } from './wanted.ts';

/** A rebuild also opens the store, and reads on after that. */
export interface RebuildStore extends ReadingStore, Pick<GenerationStore, 'beginRebuild' | 'finishRebuild' | 'bookPast' | 'readTime'> {}

export interface RebuildOptions {
  /** Of generations older than this, in days, only those are brought back of which a submission has no end in S3. */
  days: number;
  /** How long Redis keeps what has ended, in milliseconds: what ended before that gets no entry, its money alone is booked. */
  keptMs: number;
  /**
   * Opens the store although generations are missing in it, whose records are damaged; of a store that is open it gives up those that were
   * left out of it.
   */
  skipDamaged: boolean;
  createId: () => string;
  /** The Darkroom that the bucket belongs to (`takeOverBucket`). */
  ownerId?: string;
  /** Ends it early; it may be begun again. */
  signal: AbortSignal;
  /** Called often. */
  onProgress: (progress: RebuildProgress) => void;
  /** Called when the store is open and not everything is read. @param left Generations that are to be read still. */
  onOpened: (left: number) => Promise<void>;
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
  /** There was nothing to rebuild but what an earlier one had left out, or another rebuild was first. */
  | { kind: 'open'; restored?: number; damaged?: readonly LeftOut[] }
  | { kind: 'opened' | 'damaged'; done: RebuildProgress; damaged: readonly LeftOut[] }
  /**
   * Ended early by the signal; Redis restarted or lost its memory meanwhile; it was begun too long ago to be gone on with. `isOpen`: the store
   * is open, and not everything is read.
   */
  | { kind: 'stopped' | 'restarted' | 'emptied' | 'too-old'; isOpen?: boolean };

const DAY_MS = 86_400_000;
/** What has ended stays in Redis for a week: brought back a second time after that, its money would be counted twice. */
const MAX_AGE_MS = 5 * DAY_MS;

/**
 * Fills a Redis that lost its memory with what S3 remembers, and opens it. Before that nothing is enqueued or bought, so workers, receivers and
 * producers may go on running (I9).
 *
 * With sums of the ledger in S3 it opens once all is back that is open or came after them, and goes on to read the rest; every cap counts
 * what is unread at what the sums say. Without, it opens when everything is read.
 *
 * Killed anywhere it is begun again and brings back what is missing; two at once do no harm.
 * @throws StorageError when S3 is away.
 */
export async function rebuild(
  recovery: Recovery & { store: RebuildStore; archive: OpeningArchive },
  options: RebuildOptions,
): Promise<RebuildOutcome> {
  const { store, archive } = recovery;
  const { days, keptMs, skipDamaged, createId, ownerId, signal, onProgress, onOpened } = options;
  const begun = await store.beginRebuild(createId());
  if (begun.kind === 'open') return { kind: 'open', ...(await retryDamaged(recovery, skipDamaged)) };
  if (begun.kind === 'reading') return readTheRest(recovery, options);
  if (begun.ageMs > MAX_AGE_MS) return { kind: 'too-old' };

  const since = Math.floor(recovery.now() - days * DAY_MS);
  // By the beginning: begun again, it comes to the same.
  const pastBefore = Math.floor(recovery.now() - begun.ageMs - keptMs);
  const bound = await findUsableSums(archive, await store.readTime(), createId);
  if (bound !== undefined) {
    const early = await openEarly(recovery, {
      begun,
      sums: bound,
      since,
      pastBefore,
      skipDamaged,
      epoch: createId(),
      ...(ownerId === undefined ? {} : { ownerId }),
      signal,
      onProgress: (listed, generations) => onProgress({ date: 'opening', listed, read: 0, generations, past: 0 }),
    });
    if (early.kind === 'damaged')
      return { kind: 'damaged', damaged: early.damaged.map(leftOut), done: { date: '', listed: 0, read: 0, generations: 0, past: 0 } };
    if (early.kind !== 'opened' && early.kind !== 'open') return { kind: early.kind };
    const left = (await store.findReading())?.left;
    // Another rebuild has read everything.
    if (left === undefined) return { kind: 'open' };
    if (early.kind === 'opened') await onOpened(left);
    return readTheRest(recovery, options);
  }
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
  if (damaged.length > 0 && !skipDamaged) return { kind: 'damaged', done, damaged: damaged.map(leftOut) };
  const isForgotten = await store.forgetUnread(begun.id);
  if (isForgotten !== 'noted') return { kind: isForgotten };
  for (const damage of damaged) await noteDamaged(recovery, begun.id, damage);
  const booked = await store.bookPast(begun.id, sums);
  if (booked !== 'booked') return { kind: booked };
  const end = await store.finishRebuild({
    id: begun.id,
    run: begun.run,
    epoch: createId(),
    ...(ownerId === undefined ? {} : { ownerId }),
  });
  return end === 'opened' ? { kind: 'opened', done, damaged: damaged.map(leftOut) } : { kind: end };
}

const leftOut = ({ generationId, error }: Damage): LeftOut => ({ generationId, why: error.message });

/** Reads what a rebuild has left that opened the store. */
async function readTheRest(recovery: Recovery & { store: RebuildStore }, { signal, onProgress }: RebuildOptions): Promise<RebuildOutcome> {
  const reading = await recovery.store.findReading();
  if (reading === undefined) return { kind: 'open' };
  const describe = ({ date, listed, generations, past }: ReadProgress): RebuildProgress => ({
    date,
    listed,
    read: listed,
    generations,
    past,
  });
  const damaged: LeftOut[] = [];
  const outcome = await readOn(recovery, reading, {
    atOnce: RESTORED_AT_ONCE,
    signal,
    onProgress: (read) => onProgress(describe(read)),
    onDamaged: (damage) => damaged.push(leftOut(damage)),
  });
  switch (outcome.kind) {
    case 'opened':
    case 'open':
      return { kind: 'opened', done: describe(outcome.read), damaged: await nameLeftOut(recovery.store, damaged) };
    case 'stopped':
    case 'restarted':
    case 'too-old':
    case 'emptied':
      return { kind: outcome.kind, isOpen: outcome.kind !== 'emptied' };
    default:
      return outcome satisfies never;
  }
}
