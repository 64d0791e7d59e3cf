import type { SubmissionRef, SubmissionStatus } from '@darkroom/contracts';
import { z } from 'zod';

/** The words of the reconciler, which compares jobs, entries, money and S3: `recovery` decides by them, the store reads and repairs. */

/** All finding kinds of a pass, described for an operator. Meaning and action of each: docs/operations/reconcile.md. */
export const findingWords = {
  'submission-without-job': 'purchases waiting to be sent that had no live job',
  'settlement-without-job': 'purchases under way without a job that looks for them',
  'failed-job': 'failed jobs of unfinished purchases',
  'hold-missing': 'purchases whose money was not held',
  'hold-left': 'ended purchases whose money was still held',
  'ledger-drift': 'periods of the ledger that differed from the sum of their holds',
  miscounted: 'generations whose counts differed from their submissions',
  'open-images-miscounted': 'open images missing in their count, or ended ones still counted',
  'not-folded': 'generations not final although all their images had ended',
  'not-retired': 'final generations still counted as open',
  'not-indexed': 'open generations not counted as open',
  'not-listed': 'generations missing in the lists',
  'record-incomplete': 'generations with a missing part',
  'record-corrupt': 'corrupt entries in Redis',
  'request-missing': 'open generations whose request was missing',
  'past-deadline': 'generations open past their deadline',
  'past-horizon': 'purchases still looked for past the horizon',
  'intent-without-record': 'purchases recorded in S3 and missing in Redis',
  'result-without-record': 'ends of purchases recorded in S3 and missing in Redis',
  'record-without-result': 'ends of purchases known to Redis and missing in S3',
  'image-without-result': 'kept images without a result record',
  'image-missing': 'images that Redis shows as kept and S3 lacks',
  'image-without-record': 'kept images of unknown generations',
  'second-image': 'images paid for twice, both kept',
  'late-upload': 'uploads of purchases that had ended without an image',
  'staging-left': 'uploads whose images are kept, handed to the eraser',
  'erasure-forgotten': 'erased generations of whose erasure Redis knew nothing',
  'open-without-record': 'open generations without an entry',
  'idempotency-key-missing': 'open generations whose idempotency key was missing',
  'idempotency-key-left': 'idempotency keys whose generation no longer exists',
  'unclaimed-delivery': 'deliveries that arrived without an entry of their submission',
  'foreign-object': 'objects in folders of the bucket that Darkroom does not write',
} as const satisfies Record<string, string>;

export type FindingKind = keyof typeof findingWords;
export const findingKinds = Object.keys(findingWords) as FindingKind[]; // the keys are the type

/** Place of a finding; holds only the known parts. */
export interface FindingPlace extends Partial<SubmissionRef> {
  /** In words; safe to log. */
  detail?: string;
}

/** Position from which a walk over the open generations continues. */
export interface OpenCursor {
  createdAt: number;
  generationId: string;
}

/** A generation as the reconciler sees it. Times are Redis times, in milliseconds since 1970. */
export interface GenerationPicture {
  now: number;
  /** True without a final status. */
  isOpen: boolean;
  deadlineAt?: number;
  /** Its images that the count of open images had wrong; the look has put them right. */
  uncounted: number;
  /** True if Redis has lost its request, which was not erased. */
  isRequestMissing: boolean;
  submissions: SubmissionPicture[];
}

export interface SubmissionPicture {
  ref: SubmissionRef;
  /** Absent if the generation names this submission and Redis has no entry of it. */
  status?: SubmissionStatus;
  sends: number;
  /** Number of settlements begun. */
  settlements: number;
  firstSentAt?: number;
}

/** A fault inside the entry of a generation, repaired in the same step. */
export interface Mended {
  kind: Extract<
    FindingKind,
    'hold-missing' | 'hold-left' | 'miscounted' | 'not-folded' | 'not-retired' | 'not-indexed' | 'idempotency-key-missing'
  >;
  index?: number;
  n?: number;
}

/** Redis's view of a submission that S3 knows. */
export interface KnownSubmission {
  /** Absent if Redis does not know it. */
  status?: SubmissionStatus;
  sends: number;
  round: number;
  /** Time of its end, in milliseconds since 1970. */
  settledAt?: number;
  /** Time of the newest S3 listing for which the reconciler woke its settlement, in milliseconds since 1970; 0 for never. */
  lookedAt: number;
}

/** Redis's view of a generation that S3 knows. */
export interface KnownGeneration {
  /** Redis time, in milliseconds since 1970. */
  now: number;
  /** True if Redis has its entry. */
  isKnown: boolean;
  /** In the requested order. */
  submissions: KnownSubmission[];
}

const count = z.int().min(0);

/**
 * Position of the next pass: a pass looks at the open generations and at S3 for a bounded time. Absent: from the beginning. A
 * process of an earlier version writes no position, so the pass after it starts over.
 */
const passPlaceSchema = z.object({
  open: z.object({ createdAt: z.number(), generationId: z.string() }).optional(),
  stored: z.object({ date: z.string(), generationId: z.string() }).optional(),
  /** A task id; the next pass looks for uploads after it. */
  uploads: z.string().optional(),
  /** A date; the older dates after it are still to be compared. */
  older: z.string().optional(),
  /** The last request of an older date that was looked at for a tombstone. */
  tombstones: z.object({ date: z.string(), generationId: z.string() }).optional(),
});
export type PassPlace = z.infer<typeof passPlaceSchema>;

/** Counts of a pass that is under way. */
export const passProgressSchema = z.object({
  startedAt: count,
  /** Time of this report. */
  at: count,
  open: count,
  stored: count,
});
export type PassProgress = z.infer<typeof passProgressSchema>;

/** Result of a pass, kept for `darkroom status`. */
export const passReportSchema = z.object({
  startedAt: count,
  endedAt: count,
  /** "stopped": the process was told to stop, or another one took over; the next pass starts over. */
  outcome: z.enum(['whole', 'stopped', 'not-initialised']),
  /** Time of the last pass that looked through all keys of Redis; 0 for never. */
  thoroughAt: count,
  /** Open generations examined. */
  open: count,
  /** Number of generations of recent days that the pass looked up in S3. */
  stored: count,
  findings: z.partialRecord(z.enum(findingKinds), z.object({ repaired: count, named: count })),
  /** Findings that were not repaired, up to a limit. */
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
  /** True if it should have asked S3 for each kept image, and a rebuild that still reads kept it from that. */
  withoutImages: z.literal(true).optional(),
});
export type PassReport = z.infer<typeof passReportSchema>;
