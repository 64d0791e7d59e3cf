import { MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import { findSums, type FoundSums, type SumsReader, type SumsSearch } from '../sums/find-sums.ts';

/**
 * Time before the sums whose records are read before the store opens: it covers the differences between the clocks of workers, and the time
 * that writing the sums took.
 */
const SUMS_MARGIN_MS = 5 * MAX_CLOCK_SKEW_MS;

/** The sums in S3, and its clock. */
export type OpeningArchive = SumsReader & Pick<ObjectStorage, 'readS3Time'>;

/** Sums that bound the unread money. */
export interface UsableSums extends FoundSums {
  /** Time from which records are read before the store opens; by the clock of S3. */
  writtenFrom: number;
  /** Time before which ends are in the sums; by Redis time. */
  endedBefore: number;
}

/**
 * Finds sums with which a store can be opened. The time at which S3 wrote a record tells if it came after them. The clock of S3 may be days
 * off, which does no harm, but it must not have been set since: it is compared with Redis time now, by an object that is written for that,
 * and at the time of the sums.
 * @returns nothing usable without such sums: everything is then read before the store opens.
 */
export async function findUsableSums(
  archive: OpeningArchive,
  now: number,
  createId: () => string,
): Promise<{ usable?: UsableSums; search: SumsSearch }> {
  const s3AheadMs = (await archive.readS3Time(now, createId())) - now;
  const search = await findSums(archive, {
    now: now + MAX_CLOCK_SKEW_MS,
    whyNot({ at, writtenAt }) {
      if (at > now + MAX_CLOCK_SKEW_MS) return 'ahead';
      const offBy = writtenAt - at - s3AheadMs;
      // The sums were written some moments after the time that they tell.
      return offBy > -MAX_CLOCK_SKEW_MS && offBy < SUMS_MARGIN_MS - MAX_CLOCK_SKEW_MS ? undefined : 'clock-set';
    },
  });
  if (search.found === undefined) return { search };
  const endedBefore = search.found.at - SUMS_MARGIN_MS;
  return { search, usable: { ...search.found, endedBefore, writtenFrom: endedBefore + s3AheadMs } };
}
