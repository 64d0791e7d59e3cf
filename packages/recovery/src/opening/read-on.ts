import { generationIdTime, type ListedRecord, type NanoUsd } from '@darkroom/contracts';
import type { PeriodMoney, Reading, ReadingStore } from '@darkroom/generation-store';
import { eachAtOnce } from '../at-once.ts';
import { readGenerationRecords } from '../generation-records.ts';
import { byGeneration, inGroups } from '../listings.ts';
import { addCharges, readPastCharges } from '../past-money.ts';
import type { Recovery } from '../ports.ts';
import { orDamage, type Damage } from '../restore-forgotten.ts';
import { restoreRecords } from '../restore-generation.ts';
import { isOver, isWanted } from '../wanted.ts';
import { chargedBefore } from './charged-before.ts';
import { noteDamaged } from './describe-damage.ts';

export interface ReadOnOptions {
  /** Generations that are read at once. */
  atOnce: number;
  signal: AbortSignal;
  /** Called for each generation that was read, with the number of them, of those without an entry, and the date. */
  onProgress?: (read: ReadProgress) => void;
  /** Called once for each unreadable generation, by the first reader that finds it. */
  onDamaged?: (damage: Damage) => void;
}

export interface ReadProgress {
  date: string;
  listed: number;
  generations: number;
  past: number;
}

export type ReadOnOutcome =
  /** Every readable record is read. "open": another reader was first, or a rebuild of an earlier version. */
  | { kind: 'opened' | 'open'; read: ReadProgress }
  /** The process stops, or Redis lost its memory, or restarted and is not compared yet. The next call continues. */
  | { kind: 'stopped' | 'emptied' | 'restarted' }
  /** The store was opened so long ago that restored generations may have ended since: a second restore would count their money twice. */
  | { kind: 'too-old' };

const ASKED_AT_ONCE = 500;
/** Time for which ended generations stay in Redis: a week. */
const MAX_AGE_MS = 5 * 86_400_000;

/**
 * Reads the generations that a rebuild left unread when it opened the store, the newest first. Each comes back as in any rebuild; then one
 * script marks it as read, and its charges leave the unread money. After a death in between it is restored once more, which changes
 * nothing. Money of generations without an entry is booked date by date: after a death the next reader reads one date again. Another
 * process may continue, also two at once.
 *
 * A damaged generation is named and skipped, and does not delay the end: it stays refused, and counted at its worst price (lua/damaged.ts
 * of generation-store). Before a store is open a rebuild waits for an operator instead, because nothing then bounds the money of that
 * generation (rebuild.ts).
 * @throws StorageError when S3 is away.
 */
export async function readOn(
  recovery: Recovery & { store: ReadingStore },
  reading: Reading,
  options: ReadOnOptions,
): Promise<ReadOnOutcome> {
  const { store, archive, settings } = recovery;
  const { id, since, pastBefore, sumsAt } = reading;
  const { atOnce, signal, onProgress = () => undefined, onDamaged = () => undefined } = options;
  if (recovery.now() - reading.openedAt > MAX_AGE_MS) return { kind: 'too-old' };
  const read: ReadProgress = { date: '', listed: 0, generations: 0, past: 0 };
  let isGone = false;
  const begun = await store.beginPast(id);
  if (begun === undefined) return conclude();
  const { reader, bookedDates } = begun;

  const note = async (generationId: string, charged: ReadonlyMap<string, NanoUsd>): Promise<void> => {
    if ((await store.noteRead(reader, generationId, charged)) === 'gone') isGone = true;
  };

  /** Restores an unread generation. */
  async function bringBack(generationId: string, listed: readonly ListedRecord[]): Promise<void> {
    const outcome = await orDamage(generationId, async () => {
      const records = await readGenerationRecords(archive, generationId, settings.maxSubmissions, listed);
      if (records !== undefined) await restoreRecords(recovery, records);
      await note(generationId, records === undefined ? new Map() : chargedBefore(records, sumsAt));
    });
    if (outcome === undefined) read.generations += 1;
    else await passBy(outcome, listed);
  }

  async function passBy(damage: Damage, listed: readonly ListedRecord[]): Promise<void> {
    const noted = await noteDamaged(recovery, reader, damage, listed);
    if (noted === 'noted') onDamaged(damage);
    if (noted === 'gone') isGone = true;
  }

  /** Books only the money of a generation that ended long ago, with that of its date. */
  async function addPast(generationId: string, listed: readonly ListedRecord[], sums: Map<string, PeriodMoney>): Promise<void> {
    const charges = await readPastCharges(recovery, generationId, listed, pastBefore);
    if (charges !== undefined) {
      addCharges(sums, charges);
      read.past += 1;
      return;
    }
    await store.holdBack(reader, generationId);
    await bringBack(generationId, listed);
  }

  const dates = reading.dates === 'all' ? (await archive.listRecordDates()).toReversed() : reading.dates;
  for (const date of dates) {
    // All of it is read.
    if (bookedDates.has(date)) continue;
    read.date = date;
    const sums = new Map<string, PeriodMoney>();
    for await (const page of inGroups(byGeneration(archive.listRecordsOfDate(date)), ASKED_AT_ONCE)) {
      if (signal.aborted) return { kind: 'stopped' };
      const wanted = page.filter((records) => isWanted(records, since));
      const { unread, damaged } = await store.findUnread(wanted.map(idOf));
      read.listed += page.reduce((sum, records) => sum + records.length, 0);
      await eachAtOnce(wanted, atOnce, async (records) => {
        if (signal.aborted || isGone) return;
        const generationId = idOf(records);
        if (unread.has(generationId)) await bringBack(generationId, records);
        else if (!damaged.has(generationId) && generationIdTime(generationId) < pastBefore && isOver(records))
          await addPast(generationId, records, sums);
        onProgress(read);
      });
      // Nothing more is put into a Redis that was emptied, or is another one.
      if (isGone) return conclude();
    }
    if (signal.aborted) return { kind: 'stopped' };
    if ((await store.bookPastDate(reader, date, sums)) === 'gone') return conclude();
  }
  // Generations that were not among the names of their date.
  for await (const some of store.listUnread())
    await eachAtOnce(some, atOnce, async (generationId) => {
      if (!signal.aborted && !isGone) await bringBack(generationId, await archive.listRecordsOf(generationId));
    });
  if (signal.aborted) return { kind: 'stopped' };
  return conclude();

  async function conclude(): Promise<ReadOnOutcome> {
    const ended = await store.endReading(id, begun?.reader);
    switch (ended) {
      case 'opened':
      case 'open':
        return { kind: ended, read };
      case 'emptied':
      case 'restarted':
        return { kind: ended };
      case 'unread':
        // Redis went back meanwhile.
        return { kind: 'restarted' };
      default:
        return ended satisfies never;
    }
  }
}

const idOf = (records: readonly ListedRecord[]): string => records[0]?.generationId ?? '';
