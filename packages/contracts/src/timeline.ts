/** Steps in the life of a submission, as its timeline names them (docs/glossary.md, "timeline"). */
export const timelineSteps = [
  'enqueued',
  'planned',
  'committed',
  'accepted',
  'refused',
  'throttled',
  'unanswered',
  'conflict',
  'not-sent',
  'delivered',
  'made',
  'missing',
  'verified',
  'succeeded',
  'failed',
  'lost',
  'unknown',
  'cancelled',
  'expired',
  'restored',
] as const;

/** One step of a submission. */
export interface TimelineStep {
  step: (typeof timelineSteps)[number];
  /** Redis time, in milliseconds since 1970. */
  at: number;
  /** Number of the send that was committed or answered, or of the delivery. */
  number?: number;
  /** The reason: of an end a code of docs/errors.md, of an answer the provider's own code. */
  code?: string;
}

/** Steps of one submission, in the order in which Redis noted them. */
export interface SubmissionTimeline {
  /** The image, from 0, and the number of the purchase, from 1. */
  index: number;
  n: number;
  steps: TimelineStep[];
  /** Number of steps that are left out behind the eighth, because there were too many. */
  omitted: number;
}
