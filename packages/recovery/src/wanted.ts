import { generationIdTime, type ListedRecord } from '@darkroom/contracts';
import { groupBySubmission } from './generation-records.ts';

/** Time by which the clock of S3, which dates records, may be behind Redis time. */
const S3_BEHIND_MS = 3 * 86_400_000;

/** Whole generations of the last days, whose money the ledger needs; of older ones those that are not over. */
export const isWanted = (records: readonly ListedRecord[], since: number): boolean =>
  records.some(({ generationId, writtenAt }) => writtenAt >= since - S3_BEHIND_MS || generationIdTime(generationId) >= since) ||
  !isOver(records);

/** Returns true if each sent submission has ended, by the names of its records. */
export const isOver = (records: readonly ListedRecord[]): boolean => groupBySubmission(records).every(({ hasResult }) => hasResult);
