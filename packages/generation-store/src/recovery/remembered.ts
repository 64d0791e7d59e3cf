import type { Labels, Priority, RequestOutline, Reservation, StoredRequest, SubmissionRef, SubmissionStatus } from '@darkroom/contracts';

/** The content of S3 in the words in which `recovery` hands it to the store. */

/** A generation as its intents describe it. */
export interface RememberedGeneration extends Labels {
  generationId: string;
  tenant: string;
  /** Absent if it is erased or lost: the generation is then restored, and nothing more of it is sent. */
  request?: StoredRequest;
  outline: RequestOutline;
  /** Time of its tombstone; absent unless it was erased. */
  erasedAt?: number;
  /** Price of each image. */
  imageNanoUsd: number;
  /** Milliseconds since 1970, like the other times. */
  createdAt: number;
  deadlineAt?: number;
  runAt?: number;
  /** SHA-256 of the caller's own key, in hex. */
  idempotencyKeyHash?: string;
  retryOf?: string;
  replaces?: readonly number[];
  payAgainReason?: string;
  priority?: Priority;
  withholdFlagged?: true;
  /** Ordered by index and n: every submission up to the newest of each image, and the first of an image that was never sent. */
  submissions: readonly RememberedSubmission[];
}

/** A submission; without `sent` if S3 knows of no send. */
export interface RememberedSubmission extends Pick<SubmissionRef, 'index' | 'n'> {
  /** Number of earlier submissions of the image whose failure counts. */
  failures: number;
  /** Content of its newest intent. */
  sent?: { round: number; firstSentAt: number; reservation: Reservation };
}

/** A submission with records in S3. */
export interface RecordedSubmission extends SubmissionRef {
  /** Round of its newest intent. */
  round: number;
  /** Newest record of its end. */
  end: 'none' | 'result' | 'decision' | 'amendment';
}

/** A submission as Redis holds it. */
export interface FoundSubmission extends SubmissionRef {
  status: SubmissionStatus;
  firstSentAt?: number;
}

/** Amounts that ended submissions moved in one period of the ledger, in nano USD. */
export interface PeriodMoney {
  settled: number;
  expected: number;
  reported: number;
  /** Submissions that ended with an image and without a reported cost. */
  unreported: number;
  /** Submissions whose reported cost differed from the expected one. */
  differing: number;
}
