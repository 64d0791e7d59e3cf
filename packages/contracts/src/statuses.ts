/**
 * The three status tables. Each lists its moves; any other move is refused, and the store passes the same lists to its scripts. A
 * repeated final status is neither a move nor an error (I4).
 */

/** A purchase. The moves out of failed, lost and unknown are late images: they were paid for and are kept. */
export const submissionMoves = {
  // "accepted" without a commit: Redis forgot the commit, and the answer to the send arrived afterwards. An end without a commit: S3 holds
  // the end, and the send was refused although the provider took the task, so Redis planned it again while its settlement wrote the end
  planned: ['committed', 'accepted', 'succeeded', 'failed', 'lost', 'unknown'],
  committed: ['planned', 'accepted', 'succeeded', 'failed', 'lost', 'unknown'],
  accepted: ['succeeded', 'failed', 'lost', 'unknown'],
  succeeded: [],
  failed: ['succeeded'],
  lost: ['succeeded'],
  unknown: ['succeeded', 'failed', 'lost'],
} as const satisfies Record<string, readonly string[]>;

export type SubmissionStatus = keyof typeof submissionMoves;

/**
 * An image, derived from its submissions: succeeded as soon as one of them is; otherwise the status of the newest, shown as "open"
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

/** A caller's generation. Its final status never changes; a late image amends its entry. */
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

/** Returns true if the table lists the move. */
export const canMoveSubmission = (from: SubmissionStatus, to: SubmissionStatus): boolean => isIn(submissionMoves[from], to);
export const canMoveGeneration = (from: GenerationStatus, to: GenerationStatus): boolean => isIn(generationMoves[from], to);

/** Returns the statuses from which a submission may move to `to`. */
export const submissionStatusesBefore = (to: SubmissionStatus): SubmissionStatus[] =>
  submissionStatuses.filter((from) => canMoveSubmission(from, to));

export const submissionStatuses = Object.keys(submissionMoves) as SubmissionStatus[]; // the keys are the type
export const imageStatuses = Object.keys(imageMoves) as ImageStatus[]; // the keys are the type
export const generationStatuses = Object.keys(generationMoves) as GenerationStatus[]; // the keys are the type

/** Returns true for a final status: nothing more is bought or expected, though a late image may still come. */
export const isFinalSubmission = (status: SubmissionStatus): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'lost' || status === 'unknown';

export const isFinalGeneration = (status: GenerationStatus): boolean => generationMoves[status].length === 0;
