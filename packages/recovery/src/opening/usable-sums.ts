import { MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import { findSums, type FoundSums, type SumsReader } from '../sums/find-sums.ts';

/**
 * What was written into S3 within so long before the sums is read before the store opens: it covers how far the clocks of workers are apart, and
 * how long the sums took to be written.
 */
const SUMS_MARGIN_MS = 5 * MAX_CLOCK_SKEW_MS;

/** The sums in S3, and its clock. */
export type OpeningArchive = SumsReader & Pick<ObjectStorage, 'readS3Time'>;

/** Sums that bound what is unread. */
export interface UsableSums extends FoundSums {
  /** What was written from then on is read before the store opens; by the clock of S3. */
  writtenFrom: number;
  /** What ended before this is in the sums; by Redis time. */
  endedBefore: number;
}

/**
 * Finds sums by which a store can be opened. What came after them is told by the time at which S3 wrote it. That clock may be days off, which does no
 * harm, but it must not have been set since: it is compared with Redis time now, by an object that is written for that, and then.
 * @returns undefined when there are none: everything is read then, before the store opens.
 */
export async function findUsableSums(archive: OpeningArchive, now: number, createId: () => string): Promise<UsableSums | undefined> {
  const s3AheadMs = (await archive.readS3Time(now, createId())) - now;
  const found = await findSums(archive, ({ at, writtenAt }) => {
    const offBy = writtenAt - at - s3AheadMs;
    // The sums were written some moments after the time that they tell.
    return at <= now + MAX_CLOCK_SKEW_MS && offBy > -MAX_CLOCK_SKEW_MS && offBy < SUMS_MARGIN_MS - MAX_CLOCK_SKEW_MS;
  });
  if (found === undefined) return undefined;
  const endedBefore = found.at - SUMS_MARGIN_MS;
  return { ...found, endedBefore, writtenFrom: endedBefore + s3AheadMs };
}
