import { MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import { findSums, type FoundSums, type SumsReader } from '../sums/find-sums.ts';

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
 * @returns undefined without usable sums: everything is then read before the store opens.
 */
export async function findUsableSums(archive: OpeningArchive, now: number, createId: () => string): Promise<UsableSums | undefined> {
  const s3AheadMs = (await archive.readS3Time(now, createId())) - now;
  const found = await findSums(archive, ({ at, writtenAt }) => {
    const offBy = writtenAt - at - s3AheadMs;
    // The sums were written some moments after the time in them.
    return at <= now + MAX_CLOCK_SKEW_MS && offBy > -MAX_CLOCK_SKEW_MS && offBy < SUMS_MARGIN_MS - MAX_CLOCK_SKEW_MS;
  });
  if (found === undefined) return undefined;
  const endedBefore = found.at - SUMS_MARGIN_MS;
  return { ...found, endedBefore, writtenFrom: endedBefore + s3AheadMs };
}
