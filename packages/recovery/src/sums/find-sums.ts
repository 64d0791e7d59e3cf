import { hasCode, isCovered, type CoveredPeriods, type SpendSums } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';

/** The sums in S3. */
export type SumsReader = Pick<ObjectStorage, 'listNewestSums' | 'readSums'>;

/** Held and charged money at a moment, an upper bound of all purchases by then. */
export interface FoundSums extends CoveredPeriods {
  /** Redis time, in milliseconds since 1970. */
  at: number;
  /** Time at which the object was written, in milliseconds since 1970, by the clock of S3. */
  writtenAt: number;
  /** Money by period; a covered period that is absent had none. */
  periods: ReadonlyMap<string, number>;
}

/** Most unreadable sums, or bases, that are skipped. */
const TRIES = 5;

/**
 * Finds the newest usable sums that can be read with all their bases.
 * @throws StorageError storage.unavailable
 */
export async function findSums(
  archive: SumsReader,
  mayUse: (sums: { at: number; writtenAt: number }) => boolean = () => true,
): Promise<FoundSums | undefined> {
  for (const { key, at, writtenAt } of await archive.listNewestSums(TRIES)) {
    if (!mayUse({ at, writtenAt })) continue;
    const chain = await readChain(archive, key);
    const [newest] = chain;
    if (newest === undefined) continue;
    const periods = new Map<string, number>();
    for (const sums of chain.toReversed())
      for (const [period, nanoUsd] of Object.entries(sums.periods)) if (isCovered(period, newest)) periods.set(period, nanoUsd);
    return { at, writtenAt, fromDay: newest.fromDay, fromMonth: newest.fromMonth, periods };
  }
  return undefined;
}

/** Reads sums and their bases, the newest first; nothing if one of them cannot be used. */
async function readChain(archive: SumsReader, newest: string): Promise<SpendSums[]> {
  const chain: SpendSums[] = [];
  for (let key: string | undefined = newest; key !== undefined;) {
    const sums: SpendSums | undefined = await archive.readSums(key).catch((error: unknown) => {
      if (hasCode(error, 'storage.corrupt-record')) return undefined;
      throw error;
    });
    const isOrdered = sums !== undefined && sums.level > (chain.at(-1)?.level ?? -1);
    if (!isOrdered || (sums.base === undefined) !== (sums.level === 2)) return [];
    chain.push(sums);
    key = sums.base;
  }
  return chain;
}
