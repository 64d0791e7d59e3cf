import { z } from 'zod';
import type { SubmissionRef } from './submission-ref.ts';
import type { SubmissionStatus } from './statuses.ts';

/**
 * What the reconciler, the store of records and the queues say to each other. The reconciler compares jobs, records, money and
 * what lies in S3; `recovery` decides, the others look and mend.
 */

/** All that a pass may find, in words for a person. What each means and what to do: docs/operations/reconcile.md. */
export const findingWords = {
  'submission-without-job': 'purchases that wait to be sent and had no live job',
  'settlement-without-job': 'purchases under way that nobody looked for',
  'failed-job': 'jobs that had failed and still matter',
  'hold-missing': 'purchases whose money was not held',
  'hold-left': 'ended purchases whose money was still held',
  'ledger-drift': 'periods of the ledger that differed from the sum of their holds',
  miscounted: 'generations that did not say what their submissions say',
  'not-folded': 'generations whose images had all ended, and that were not over',
  'not-retired': 'generations that were over, and still counted as open',
  'not-indexed': 'generations that were open, and did not count as open',
  'record-incomplete': 'generations of which a part is missing',
  'record-corrupt': 'records in Redis that cannot be used',
  'past-deadline': 'generations open past their deadline',
  'past-horizon': 'purchases looked for past the horizon',
  'intent-without-record': 'purchases that S3 knows of and Redis did not',
  'result-without-record': 'ends of purchases that S3 knows of and Redis did not',
  'record-without-result': 'ends of purchases that Redis knows of and S3 did not',
  'image-without-result': 'images that are kept and were not recorded',
  'image-without-record': 'images that are kept and that no record knows',
  'second-image': 'images that were paid for twice and are both kept',
  'late-upload': 'uploads of purchases that had ended without an image',
  'staging-left': 'uploads whose images are kept, tidied away',
  'open-without-record': 'open generations that had no record',
  'idempotency-key-missing': 'open generations whose idempotency key was missing',
  'idempotency-key-left': 'idempotency keys of generations that there are not',
  'unclaimed-delivery': 'deliveries that had found no record',
  'foreign-object': 'objects in folders of the bucket that Darkroom does not write',
} as const satisfies Record<string, string>;

export type FindingKind = keyof typeof findingWords;
export const findingKinds = Object.keys(findingWords) as FindingKind[]; // the keys are the type

/** Where something was found; only what is known of it. */
export interface FindingPlace extends Partial<SubmissionRef> {
  /** In words; safe to log. */
  detail?: string;
}

/** Where a walk over the open generations goes on. */
export interface OpenCursor {
  createdAt: number;
  generationId: string;
}

/** A generation as the reconciler sees it. Times are Redis times, in milliseconds since 1970. */
export interface GenerationPicture {
  now: number;
  /** Whether it has no final status. */
  isOpen: boolean;
  deadlineAt?: number;
  submissions: SubmissionPicture[];
}

export interface SubmissionPicture {
  ref: SubmissionRef;
  /** Absent: the generation names this submission, and there is no record of it. */
  status?: SubmissionStatus;
  sends: number;
  /** How many settlements began. */
  settlements: number;
  firstSentAt?: number;
}

/** What was wrong inside the record of a generation, and was put right in the same step. */
export interface Mended {
  kind: Extract<
    FindingKind,
    'hold-missing' | 'hold-left' | 'miscounted' | 'not-folded' | 'not-retired' | 'not-indexed' | 'idempotency-key-missing'
  >;
  index?: number;
  n?: number;
}

/** What Redis says of a submission that S3 knows. */
export interface KnownSubmission {
  /** Absent: Redis does not know it. */
  status?: SubmissionStatus;
  sends: number;
  round: number;
  /** When it ended, in milliseconds since 1970. */
  settledAt?: number;
  /** Until when the reconciler has woken its settlement for what S3 holds, in milliseconds since 1970; 0 for never. */
  lookedAt: number;
}

/** What Redis says of a generation that S3 knows. */
export interface KnownGeneration {
  /** Redis time, in milliseconds since 1970. */
  now: number;
  /** Whether it has a record. */
  isKnown: boolean;
  /** In the order in which they were asked for. */
  submissions: KnownSubmission[];
}

/** Whether a submission has a job that will run, one that failed, none that any worker would find, or one of which a key is of another type. */
export type JobPresence = 'live' | 'failed' | 'missing' | 'unreadable';

const count = z.int().min(0);

/**
 * Where the next pass goes on: a pass looks at the open generations and at S3 for a bounded time. Absent: from the beginning. A
 * process of an earlier version writes none, and the pass after it begins anew.
 */
const passPlaceSchema = z.object({
  open: z.object({ createdAt: z.number(), generationId: z.string() }).optional(),
  stored: z.object({ date: z.string(), generationId: z.string() }).optional(),
  /** A task id; behind it begin the uploads that are looked for. */
  uploads: z.string().optional(),
  /** A date; the older ones behind it wait to be compared. */
  older: z.string().optional(),
});
export type PassPlace = z.infer<typeof passPlaceSchema>;

/** What a pass that is under way has looked at so far. */
export const passProgressSchema = z.object({
  startedAt: count,
  /** When it said so. */
  at: count,
  open: count,
  stored: count,
});
export type PassProgress = z.infer<typeof passProgressSchema>;

/** What a pass did, as it is kept for `darkroom status`. */
export const passReportSchema = z.object({
  startedAt: count,
  endedAt: count,
  /** "stopped": the process was told to stop, or another one took the turn; the next pass begins anew. */
  outcome: z.enum(['whole', 'stopped', 'not-initialised']),
  /** When a pass looked through all keys of Redis for the last time; 0 for never. */
  thoroughAt: count,
  /** Open generations looked at. */
  open: count,
  /** Generations of the last days looked at in S3. */
  stored: count,
  findings: z.partialRecord(z.enum(findingKinds), z.object({ repaired: count, named: count })),
  /** What was only named, as far as there is room. */
  named: z.array(
    z.object({
      kind: z.enum(findingKinds),
      generationId: z.string().optional(),
      index: count.optional(),
      n: count.optional(),
      detail: z.string().optional(),
    }),
  ),
  next: passPlaceSchema.optional(),
});
export type PassReport = z.infer<typeof passReportSchema>;
