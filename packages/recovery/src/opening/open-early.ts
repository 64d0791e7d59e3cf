import { defined, generationIdTime, type ListedRecord } from '@darkroom/contracts';
import type { GenerationStore, ReadingStore } from '@darkroom/generation-store';
import { eachAtOnce } from '../at-once.ts';
import { byGeneration, inGroups } from '../listings.ts';
import type { Recovery } from '../ports.ts';
import { RESTORED_AT_ONCE, restoreOrName, type Damage } from '../restore-forgotten.ts';
import { isOver, isWanted } from '../wanted.ts';
import { noteDamaged } from './describe-damage.ts';
import type { UsableSums } from './usable-sums.ts';

export interface OpenEarlyOptions {
  /** The rebuild that was begun. */
  begun: { id: string; run: string };
  sums: UsableSums;
  since: number;
  pastBefore: number;
  skipDamaged: boolean;
  epoch: string;
  ownerId?: string;
  signal: AbortSignal;
  /** Called often, with how many records were listed and how many generations are back. */
  onProgress: (listed: number, restored: number) => void;
}

/** Dates that are listed at once, a thousand names in each request. */
const LISTED_AT_ONCE = 8;
const NOTED_AT_ONCE = 1000;

/**
 * Opens a store before everything is read. Restores the generations with a submission that has no end, or with records written since the
 * sums were made. All others had ended by then: nothing is bought for them before they are read, and their charges are in the sums, which
 * every cap counts until then.
 *
 * Workers that had committed before the loss go on meanwhile: names are listed until a look finds no new one.
 */
export async function openEarly(
  recovery: Recovery & { store: ReadingStore & Pick<GenerationStore, 'readTime'> },
  options: OpenEarlyOptions,
): Promise<{ kind: 'opened' | 'open' | 'emptied' | 'restarted' | 'stopped' } | { kind: 'damaged'; damaged: Damage[] }> {
  const { store, archive } = recovery;
  const { begun, sums, since, pastBefore, skipDamaged, epoch, ownerId, signal, onProgress } = options;
  /** Restored generations, each with its number of names in S3. */
  const restored = new Map<string, number>();
  const damaged = new Map<string, Damage>();
  let listed = 0;
  let noted: 'noted' | 'open' | 'emptied' = 'noted';

  const isFirst = (records: readonly ListedRecord[]): boolean =>
    !isOver(records) ||
    records.some(({ generationId, writtenAt }) => writtenAt >= sums.writtenFrom || generationIdTime(generationId) >= sums.endedBefore);

  /** Returns true if Redis may still know all of it. An old order may have ended lately; S3 tells the time of its records. */
  const mayBeWhole = (records: readonly ListedRecord[]): boolean =>
    records.some(
      ({ generationId, writtenAt }) =>
        generationIdTime(generationId) >= pastBefore || writtenAt - (sums.writtenFrom - sums.endedBefore) >= pastBefore,
    );

  async function look(date: string): Promise<number> {
    let news = 0;
    const unread = new Map<string, number>();
    let isLeft = false;
    const noteUnread = async (): Promise<void> => {
      const names = new Map(unread);
      unread.clear();
      if (noted === 'noted') noted = await store.noteUnread(begun.id, date, names);
    };
    async function* first(): AsyncGenerator<ListedRecord[], void, undefined> {
      for await (const records of byGeneration(archive.listRecordsOfDate(date))) {
        listed += records.length;
        onProgress(listed, restored.size);
        const generationId = records[0]?.generationId ?? '';
        if (signal.aborted || noted !== 'noted') return;
        if (!isWanted(records, since)) continue;
        if (isFirst(records)) {
          if (restored.get(generationId) !== records.length) yield records;
          continue;
        }
        isLeft = true;
        if (mayBeWhole(records)) unread.set(generationId, records.length);
        if (unread.size >= NOTED_AT_ONCE) await noteUnread();
      }
    }
    await eachAtOnce(first(), RESTORED_AT_ONCE, async (records) => {
      const generationId = records[0]?.generationId ?? '';
      const damage = await restoreOrName(recovery, generationId, records);
      restored.set(generationId, records.length);
      news += 1;
      if (damage === undefined) damaged.delete(generationId);
      else damaged.set(generationId, damage);
    });
    if (isLeft) await noteUnread();
    return news;
  }

  for (let isNews = true; isNews;) {
    isNews = false;
    await eachAtOnce(inGroups(await archive.listRecordDates(), 1), LISTED_AT_ONCE, async ([date = '']) => {
      if ((await look(date)) > 0) isNews = true;
    });
    if (signal.aborted) return { kind: 'stopped' };
    if (noted !== 'noted') return { kind: noted };
  }
  if (damaged.size > 0 && !skipDamaged) return { kind: 'damaged', damaged: [...damaged.values()] };
  for (const damage of damaged.values()) await noteDamaged(recovery, begun.id, damage);
  noted = await store.noteUnreadMoney(begun.id, sums.periods);
  if (noted !== 'noted') return { kind: noted };
  const { fromDay, fromMonth, endedBefore } = sums;
  const opened = await store.openEarly(
    { ...begun, epoch, ...defined({ ownerId }) },
    { since, pastBefore, sumsAt: endedBefore, skipDamaged, fromDay, fromMonth },
  );
  return { kind: opened };
}
