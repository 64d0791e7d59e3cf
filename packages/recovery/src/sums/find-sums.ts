import { hasCode, isCovered, type CoveredPeriods, type SpendSums } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';

/** The sums in S3. */
export type SumsReader = Pick<ObjectStorage, 'listSums' | 'readSums'>;

/** Held and charged money at a moment, an upper bound of all purchases by then. */
export interface FoundSums extends CoveredPeriods {
  /** Redis time, in milliseconds since 1970. */
  at: number;
  /** When the object was written, in milliseconds since 1970, by the clock of S3. */
  writtenAt: number;
  /** A covered period that is not named had nothing. */
  periods: ReadonlyMap<string, number>;
}

/** A reason for which sums are passed by: a clock that was ahead wrote them, or the clock of S3 was set since, or they or their bases are corrupt. */
export type WhyPassed = 'ahead' | 'clock-set' | 'corrupt';

/** Sums that were found, and others that were passed by: how many for each reason, and the key of the first of them. */
export interface SumsSearch {
  found?: FoundSums;
  passedBy: Partial<Record<WhyPassed, { count: number; key: string }>>;
}

export interface FindSumsOptions {
  /** Redis time, in milliseconds since 1970. */
  now: number;
  /** Returns why sums may not be used. */
  whyNot?: (sums: { at: number; writtenAt: number }) => WhyPassed | undefined;
}

/** So many are tried one after the other. After that the next try is twice as far in the past: a corrupt base spoils the sums of a day. */
const TRIED_IN_TURN = 5;

/**
 * Finds the newest sums that may be used and can be read with all that they build on. Sums that share a corrupt base are neighbours: the search
 * goes back in growing steps and then returns to the newest sound one, with some twenty reads for the sums of a week.
 * @throws StorageError storage.unavailable
 */
export async function findSums(archive: SumsReader, { now, whyNot = () => undefined }: FindSumsOptions): Promise<SumsSearch> {
  const passedBy: SumsSearch['passedBy'] = {};
  const pass = (why: WhyPassed, key: string): void => {
    const known = passedBy[why];
    passedBy[why] = { count: (known?.count ?? 0) + 1, key: known?.key ?? key };
  };
  const { sums, later } = await archive.listSums(now);
  for (const folder of later) pass('ahead', folder);
  const usable = sums.filter((each) => {
    const why = whyNot(each);
    if (why !== undefined) pass(why, each.key);
    return why === undefined;
  });
  const chains = createChains(archive);
  const chainAt = async (at: number): Promise<SpendSums[] | undefined> => {
    const { key = '' } = usable[at] ?? {};
    const read = await chains.read(key);
    if ('corrupt' in read) pass('corrupt', read.corrupt);
    return 'corrupt' in read ? undefined : read.chain;
  };

  let [at, isCorruptBefore] = [0, -1];
  let chain: SpendSums[] | undefined;
  while (at < usable.length && (chain = await chainAt(at)) === undefined) {
    isCorruptBefore = at;
    const next = at < TRIED_IN_TURN ? at + 1 : 2 * at;
    at = next >= usable.length && at < usable.length - 1 ? usable.length - 1 : next;
  }
  if (chain === undefined) return { passedBy };
  for (let newest = isCorruptBefore + 1; newest < at;) {
    const middle = Math.floor((newest + at) / 2);
    const found = await chainAt(middle);
    if (found === undefined) newest = middle + 1;
    else [at, chain] = [middle, found];
  }
  const [newest] = chain;
  const { at: time = 0, writtenAt = 0 } = usable[at] ?? {};
  const periods = new Map<string, number>();
  for (const each of chain.toReversed())
    for (const [period, nanoUsd] of Object.entries(each.periods))
      if (newest !== undefined && isCovered(period, newest)) periods.set(period, nanoUsd);
  const { fromDay = '', fromMonth = '' } = newest ?? {};
  return { found: { at: time, writtenAt, fromDay, fromMonth, periods }, passedBy };
}

/** Reads sums with all that they build on, the newest first, or the key of what cannot be used of them. Bases are read once. */
function createChains(archive: SumsReader): { read(newest: string): Promise<{ chain: SpendSums[] } | { corrupt: string }> } {
  const bases = new Map<string, Promise<SpendSums | undefined>>();
  const readOne = (key: string): Promise<SpendSums | undefined> =>
    archive.readSums(key).catch((error: unknown) => {
      if (hasCode(error, 'storage.corrupt-record')) return undefined;
      throw error;
    });
  return {
    async read(newest) {
      const chain: SpendSums[] = [];
      for (let key: string | undefined = newest; key !== undefined;) {
        const known: Promise<SpendSums | undefined> = bases.get(key) ?? readOne(key);
        if (key !== newest) bases.set(key, known);
        const sums: SpendSums | undefined = await known;
        const isOrdered = sums !== undefined && sums.level > (chain.at(-1)?.level ?? -1);
        if (!isOrdered || (sums.base === undefined) !== (sums.level === 2)) return { corrupt: key };
        chain.push(sums);
        key = sums.base;
      }
      return { chain };
    },
  };
}
