import { hasCode, isCovered, type CoveredPeriods, type SpendSums } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';

/** The sums in S3. */
export type SumsReader = Pick<ObjectStorage, 'listNewestSums' | 'readSums'>;

/** What was held and charged at a moment, an upper bound of what had been bought by then. */
export interface FoundSums extends CoveredPeriods {
  /** Redis time, in milliseconds since 1970. */
  at: number;
  /** When the object was written, in milliseconds since 1970, by the clock of S3. */
  writtenAt: number;
  /** A covered period that is not named had nothing. */
  periods: ReadonlyMap<string, number>;
}

/** Of sums that cannot be read, and their bases, so many are passed by. */
const TRIES = 5;

/** Finds the newest sums that may be used and can be read with all that they build on. @throws StorageError storage.unavailable */
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

/** Reads sums and what they build on, the newest first; nothing if one of them cannot be used. */
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
