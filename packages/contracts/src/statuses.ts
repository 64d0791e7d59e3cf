/**
 * The three status tables. Each move is listed; a move that is not listed is refused, and the store passes the
 * same lists into its scripts. A repeated final status is not a move and not an error (I4).
 */

/** A purchase. The moves out of failed, lost and unknown are images that came home late: they were paid for and are kept. */
export const submissionMoves = {
  // "accepted" without a commit: Redis forgot it, and the answer to the send came after
  planned: ['committed', 'accepted', 'failed'],
  committed: ['planned', 'accepted', 'succeeded', 'failed', 'lost', 'unknown'],
  accepted: ['succeeded', 'failed', 'lost', 'unknown'],
  succeeded: [],
  failed: ['succeeded'],
  lost: ['succeeded'],
  unknown: ['succeeded', 'failed', 'lost'],
} as const satisfies Record<string, readonly string[]>;

export type SubmissionStatus = keyof typeof submissionMoves;

/**
 * An image, derived from its submissions: succeeded as soon as one of them is, else the status of the newest, which is "open"
 * until it is final.
 */
export const imageMoves = {
  open: ['succeeded', 'failed', 'lost', 'unknown'],
  succeeded: [],
  failed: ['succeeded'],
  lost: ['succeeded'],
  unknown: ['succeeded', 'failed', 'lost'],
} as const satisfies Record<string, readonly string[]>;

export type ImageStatus = keyof typeof imageMoves;

/** What a caller asked for. Its final status never changes; a late image amends the record beside it. */
export const generationMoves = {
  queued: ['running', 'failed', 'cancelled', 'expired'],
  running: ['succeeded', 'partial', 'failed', 'cancelled', 'expired'],
  succeeded: [],
  partial: [],
  failed: [],
  cancelled: [],
  expired: [],
} as const satisfies Record<string, readonly string[]>;

export type GenerationStatus = keyof typeof generationMoves;

const isIn = (moves: readonly string[], to: string): boolean => moves.includes(to);

/** Whether a table lists the move. */
export const canMoveSubmission = (from: SubmissionStatus, to: SubmissionStatus): boolean => isIn(submissionMoves[from], to);
export const canMoveGeneration = (from: GenerationStatus, to: GenerationStatus): boolean => isIn(generationMoves[from], to);

/** The statuses from which a submission may move to `to`. */
export const submissionStatusesBefore = (to: SubmissionStatus): SubmissionStatus[] =>
  submissionStatuses.filter((from) => canMoveSubmission(from, to));

export const submissionStatuses = Object.keys(submissionMoves) as SubmissionStatus[]; // the keys are the type
export const generationStatuses = Object.keys(generationMoves) as GenerationStatus[]; // the keys are the type

/** Final: nothing will be bought or expected any more; a late image may still come. */
export const isFinalSubmission = (status: SubmissionStatus): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'lost' || status === 'unknown';

export const isFinalGeneration = (status: GenerationStatus): boolean => generationMoves[status].length === 0;
