import { isFinalSubmission, type SubmissionRef } from '@darkroom/contracts';
import type { KnownGeneration, KnownSubmission } from '@darkroom/generation-store';
import { isCertainlyKept } from '../kept.ts';
import type { ReconcileSettings } from './ports.ts';
import type { StoredGeneration, StoredSubmission } from './stored-generations.ts';

/** Disagreement between S3 and Redis. */
export interface Disagreement {
  kind:
    | 'intent-without-record'
    | 'result-without-record'
    | 'record-without-result'
    | 'image-without-result'
    | 'image-without-record'
    | 'second-image';
  ref: SubmissionRef;
  /** Time at which a second image was written, in milliseconds since 1970, by the clock of S3. */
  writtenAt?: number;
}

/**
 * Compares the state of a generation in S3 with that in Redis, without effects. Redis was read after S3: so a forgotten part shows, and a
 * part that was written in between does not.
 */
export function compareStored(
  stored: StoredGeneration,
  known: KnownGeneration,
  { patienceMs }: Pick<ReconcileSettings, 'patienceMs'>,
): Disagreement[] {
  const wasRetired = !known.isKnown && mayHaveBeenRetired(stored, known.now);
  const disagreements = stored.submissions.flatMap((submission, at) => {
    const kind = compareSubmission(submission, known.submissions[at], { now: known.now, wasRetired, patienceMs });
    return kind === undefined ? [] : [{ kind, ref: submission.ref }];
  });
  return [...disagreements, ...findSecondImages(stored, known)];
}

/**
 * Returns true if Redis may have dropped a generation because its time was over: the generation is old enough, and S3 shows the end of each
 * submission. Restoring it would count its money twice.
 */
const mayHaveBeenRetired = ({ generationId, submissions }: StoredGeneration, now: number): boolean =>
  submissions.every(({ round, hasResult }) => round === undefined || hasResult) && !isCertainlyKept(generationId, now);

function compareSubmission(
  { round, hasResult, hasDecision, hasAmendment, imageWrittenAt }: StoredSubmission,
  known: KnownSubmission | undefined,
  { now, wasRetired, patienceMs }: { now: number; wasRetired: boolean; patienceMs: number },
): Disagreement['kind'] | undefined {
  const status = known?.status;
  if (round === undefined) return status === undefined ? 'image-without-record' : undefined;
  if (known === undefined || status === undefined) return wasRetired ? undefined : 'intent-without-record';
  const isLive = !isFinalSubmission(status);
  // A planned submission that was sent before has begun a new round; one that was given up unsent has no intent at all.
  const wasSendForgotten =
    (status === 'planned' && known.round <= round) ||
    (status === 'committed' && known.round < round) ||
    (status === 'failed' && known.sends === 0);
  if (wasSendForgotten) return 'intent-without-record';
  const isEndUnheard = (isLive && hasResult) || (status === 'unknown' && hasDecision) || (status !== 'succeeded' && hasAmendment);
  if (isEndUnheard) return 'result-without-record';
  if (!isLive && !hasResult) return 'record-without-result';
  if (imageWrittenAt === undefined || hasAmendment || status === 'succeeded') return undefined;
  // A settlement that has its image goes on to ask for the facts: it is given time, unless it has ended already.
  return isLive && now - imageWrittenAt <= patienceMs ? undefined : 'image-without-result';
}

/** Returns all images of one index but the first, each until it was named; Redis notes that as long as it has the entry. */
function findSecondImages({ submissions }: StoredGeneration, known: KnownGeneration): Disagreement[] {
  if (!known.isKnown) return [];
  return submissions.flatMap(({ ref, imageWrittenAt = 0 }, at) => {
    const first = submissions.find((other) => other.ref.index === ref.index && other.imageWrittenAt !== undefined);
    const wasNamed = (known.submissions[at]?.lookedAt ?? 0) >= imageWrittenAt;
    return imageWrittenAt === 0 || first?.ref.n === ref.n || wasNamed ? [] : [{ kind: 'second-image', ref, writtenAt: imageWrittenAt }];
  });
}
