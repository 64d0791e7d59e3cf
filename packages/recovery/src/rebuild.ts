import { defined, generationIdTime } from '@darkroom/contracts';
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
import type { SumsSearch } from './sums/find-sums.ts';
import { isOver, isWanted } from './wanted.ts';

/** A rebuild also opens the store, and reads on after that. */
export interface RebuildStore extends ReadingStore, Pick<GenerationStore, 'beginRebuild' | 'finishRebuild' | 'bookPast' | 'readTime'> {}

export interface RebuildOptions {
  /** Age in days beyond which only generations with an unfinished submission in S3 are restored. */
  days: number;
  /** Time for which Redis keeps ended generations, in milliseconds. Earlier ones get no entry; only their money is booked. */
  keptMs: number;
  /** Opens the store although damaged generations are missing in it; gives up the ones that were left out of an open store. */
  skipDamaged: boolean;
  createId: () => string;
  /** The Darkroom of the bucket (`takeOverBucket`). */
  ownerId?: string;
  /** Ends the rebuild early; it may be begun again. */
  signal: AbortSignal;
  /** Called often. */
  onProgress: (progress: RebuildProgress) => void;
  /** Called with the sums that bound unread money, and those that were passed by. Without any, the store opens when everything is read. */
  onSums: (search: SumsSearch) => void;
  /**
   * Called once the store is open before everything is read.
   * @param left Number of unread generations.
   */
  onOpened: (left: number) => Promise<void>;
}

export interface RebuildProgress {
  /** The day that is being restored ("2026-11-22"). */
  date: string;
  /** Numbers of listed and of read records. */
  listed: number;
  read: number;
  /** Number of restored generations. */
  generations: number;
  /** Number of generations of which only the money was restored. */
  past: number;
}

export type RebuildOutcome =
  /** Only generations that an earlier rebuild had left out were left to restore, or another rebuild was first. */
  | { kind: 'open'; restored?: number; damaged?: readonly LeftOut[] }
  | { kind: 'opened' | 'damaged'; done: RebuildProgress; damaged: readonly LeftOut[] }
  /**
   * Ended early: by the signal, because Redis restarted or lost its memory, or because it was begun too long ago to continue. `isOpen`: the
   * store is open, and not everything is read.
   */
  | { kind: 'stopped' | 'restarted' | 'emptied' | 'too-old'; isOpen?: boolean };

const DAY_MS = 86_400_000;
/** Time for which ended generations stay in Redis, a week: a second restore after that would count their money twice. */
const MAX_AGE_MS = 5 * DAY_MS;

/**
 * Fills a Redis that lost its memory from S3, and opens it. Before that nothing is enqueued or bought, so workers, receivers and producers
 * may go on running (I9).
 *
 * With sums of the ledger in S3 it opens once all generations are back that are open or came after the sums, and then reads the rest; every
 * cap counts the unread money by the sums. Without sums it opens when everything is read.
 *
 * After a death anywhere it may be begun again, and restores the missing generations; two at once do no harm.
 * @throws StorageError when S3 is away.
 */
export async function rebuild(
  recovery: Recovery & { store: RebuildStore; archive: OpeningArchive },
  options: RebuildOptions,
): Promise<RebuildOutcome> {
  const { store, archive } = recovery;
  const { days, keptMs, skipDamaged, createId, ownerId, signal, onProgress, onSums, onOpened } = options;
  const begun = await store.beginRebuild(createId());
  if (begun.kind === 'open') return { kind: 'open', ...(await retryDamaged(recovery, skipDamaged)) };
  if (begun.kind === 'reading') return readTheRest(recovery, options);
  if (begun.ageMs > MAX_AGE_MS) return { kind: 'too-old' };

  const since = Math.floor(recovery.now() - days * DAY_MS);
  // By the time of its beginning: begun again, it comes to the same.
  const pastBefore = Math.floor(recovery.now() - begun.ageMs - keptMs);
  const { usable: bound, search } = await findUsableSums(archive, await store.readTime(), createId);
  onSums(search);
  if (bound !== undefined) {
    const early = await openEarly(recovery, {
      begun,
      sums: bound,
      since,
      pastBefore,
      skipDamaged,
      epoch: createId(),
      ...defined({ ownerId }),
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
  // Workers that had committed before the loss have gone on meanwhile: their intents and results came after the listing. Listed again until
  // a look finds no new one.
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
    ...defined({ ownerId }),
  });
  return end === 'opened' ? { kind: 'opened', done, damaged: damaged.map(leftOut) } : { kind: end };
}

const leftOut = ({ generationId, error }: Damage): LeftOut => ({ generationId, why: error.message });

/** Reads the generations that a rebuild left unread when it opened the store. */
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
