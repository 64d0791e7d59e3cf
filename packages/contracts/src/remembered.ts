import type { GrokImagineRequest } from './models/grok-imagine-image/request.ts';
import type { Reservation } from './records.ts';
import type { SubmissionRef } from './submission-ref.ts';
import type { SubmissionStatus } from './statuses.ts';

/**
 * What S3 remembers, in the words in which `recovery` hands it to the store of records: neither knows the other.
 */

/** A generation as its intents describe it. */
export interface RememberedGeneration {
  generationId: string;
  tenant: string;
  request: GrokImagineRequest;
  /** The price of each image. */
  imageNanoUsd: number;
  /** Milliseconds since 1970, like the other times. */
  createdAt: number;
  deadlineAt?: number;
  runAt?: number;
  /** The SHA-256 of the caller's own key, in hex. */
  idempotencyKeyHash?: string;
  retryOf?: string;
  /** In the order of index and n: every submission up to the newest of each image, and the first of an image that was never sent. */
  submissions: readonly RememberedSubmission[];
}

/** A submission; without `sent`, one of which S3 knows no send. */
export interface RememberedSubmission extends Pick<SubmissionRef, 'index' | 'n'> {
  /** How many earlier submissions of the image failed in a way that counts. */
  failures: number;
  /** What its newest intent says. */
  sent?: { round: number; firstSentAt: number; reservation: Reservation };
}

/** A submission of which S3 holds records. */
export interface RecordedSubmission extends SubmissionRef {
  /** Of its newest intent. */
  round: number;
  /** The last that S3 knows of it. */
  end: 'none' | 'result' | 'decision' | 'amendment';
}

/** A submission as Redis has it. */
export interface FoundSubmission extends SubmissionRef {
  status: SubmissionStatus;
  firstSentAt?: number;
}

/** What submissions that have ended moved in one period of the ledger; amounts in nano USD. */
export interface PeriodMoney {
  settled: number;
  expected: number;
  reported: number;
  /** Submissions that ended with an image and without a reported cost. */
  unreported: number;
  /** Submissions whose reported cost was another than expected. */
  differing: number;
}
