import { coveredAt, defined, isCovered, SPEND_SUMS_VERSION, type SpendSums } from '@darkroom/contracts';
import type { SpendSumsStore, SumsBase } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';

/** Result of an attempt to write the sums. */
export type RecordedSums =
  | { kind: 'recorded'; key: string; level: SpendSums['level']; periods: number }
  /**
   * Reasons against writing: no money moved; Redis is not compared; a process that does not report its moves still runs; a sum is
   * unreadable.
   */
  | { kind: 'same' | 'not-compared' | 'unfollowed' | 'unreadable' };

export interface RecordSumsOptions {
  /** Most periods in an object of level 0 and in one of level 1. */
  most?: { 0: number; 1: number };
  createId: () => string;
}

/** About 60 KB and 2 MB. */
const MOST_PERIODS = { 0: 1000, 1: 30_000 };
const DAY_MS = 86_400_000;

/**
 * Writes the held and charged money of each period into S3, so that a store that loses Redis opens before everything is read. The time in
 * the object comes before the first sum is read, so it holds every end before that time.
 *
 * An object holds the moves since its base. Once they are many, a new base takes its place, on top of a whole one, which is written once a
 * day. So a minute costs the moves since the last base, and no part grows with history.
 */
export async function recordSums(
  { store, archive }: { store: SpendSumsStore; archive: Pick<ObjectStorage, 'recordSums'> },
  { most = MOST_PERIODS, createId }: RecordSumsOptions,
): Promise<RecordedSums> {
  const look = await store.look();
  if (look === undefined) return { kind: 'not-compared' };
  const { now, memory, moves, isWhole, recorded, bases } = look;
  const covered = coveredAt(now);
  if (!isWhole) {
    // The next call writes what was found.
    return (await store.findAll(memory, covered)) ? recordSums({ store, archive }, { most, createId }) : { kind: 'unfollowed' };
  }
  if (recorded === moves) return { kind: 'same' };

  const { level, base } = await choose(store, { now, bases, most });
  const periods = new Map<string, number>();
  const ended: string[] = [];
  for await (const page of store.readMoved(base?.moves ?? 0))
    for (const [period, nanoUsd] of page) {
      if (!isCovered(period, covered)) ended.push(period);
      // Without it the bound would be too low.
      else if (nanoUsd === undefined) return { kind: 'unreadable' };
      else periods.set(period, nanoUsd);
    }
  const key = await archive.recordSums(
    {
      version: SPEND_SUMS_VERSION,
      at: now,
      run: memory,
      level,
      ...defined({ base: base?.key }),
      ...covered,
      periods: Object.fromEntries(periods),
    },
    createId(),
  );
  await store.noteRecorded({ memory, level, key, moves });
  await store.forgetMoved(ended);
  return { kind: 'recorded', key, level, periods: periods.size };
}

/** Chooses the base of the next object. */
async function choose(
  store: Pick<SpendSumsStore, 'countMoved'>,
  { now, bases, most }: { now: number; bases: Partial<Record<1 | 2, SumsBase>>; most: { 0: number; 1: number } },
): Promise<{ level: SpendSums['level']; base?: SumsBase }> {
  const { 1: middle, 2: whole } = bases;
  if (whole === undefined || timeOf(whole) < now - DAY_MS) return { level: 2 };
  const newest = middle ?? whole;
  if ((await store.countMoved(newest.moves)) <= most[0]) return { level: 0, base: newest };
  return (await store.countMoved(whole.moves)) <= most[1] ? { level: 1, base: whole } : { level: 2 };
}

/** The moment in the key of sums. */
const timeOf = ({ key }: SumsBase): number => Number(/\/(\d{13})-[^/]*$/.exec(key)?.[1] ?? 0);
