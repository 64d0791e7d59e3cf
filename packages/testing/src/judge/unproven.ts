import { taskUuidOf } from '@darkroom/contracts';
import { hasEnded, type Task, type Tasks } from './billed-tasks.ts';
import type { GenerationRecord } from './evidence.ts';

type ImageRecord = GenerationRecord['images'][number];

/** The code with which the provider refuses an id for having been used. */
const CONFLICT = 'conflictTaskUUID';

/**
 * Whether nobody can know yet what became of the newest submission of an image. It is looked for until the horizon, which comes
 * after the end of a run; its money stays on hold until an operator decides (I7). Never of a task that the provider accepted.
 */
export function isUnproven(generationId: string, generation: GenerationRecord, image: ImageRecord, tasks: Tasks): boolean {
  const { index, submissionStatus, submissions, unrefusedSends = 0 } = image;
  const task = tasks.get(taskUuidOf({ generationId, index, n: submissions }));
  if (task !== undefined && task.acceptances.length > 0) return false;
  if (submissionStatus === 'accepted') return wasUsedUp(task, unrefusedSends);
  if (submissionStatus !== 'committed' && submissionStatus !== 'unknown') return false;
  return isGivenUp(generation, task, unrefusedSends) || wasUsedUp(task, unrefusedSends);
}

/**
 * It may have been sent, and the generation was cancelled or expired: an open one would send it again. That it was refused is known
 * to the provider alone when who asked died before the answer, which the record shows as a send without a refusal.
 */
const isGivenUp = ({ status }: GenerationRecord, task: Task | undefined, unrefusedSends: number): boolean =>
  (status === 'cancelled' || status === 'expired') && (task === undefined || unrefusedSends > 0 || !hasEnded(task, Infinity));

/**
 * A refusal used up its id, so that it is refused as known although no task has it. If there was a send beside these two, which the
 * record must say, it may have been accepted when the conflict was told: only what is not bought again is safe (I2).
 */
function wasUsedUp({ refusals }: Pick<Task, 'refusals'> = { refusals: [] }, unrefusedSends: number): boolean {
  const usedUpAt = refusals.find(({ code }) => code !== CONFLICT)?.at;
  return unrefusedSends > 1 && usedUpAt !== undefined && refusals.some(({ code, at }) => code === CONFLICT && at >= usedUpAt);
}

/** Whether a refusal is about the request itself, and says more than that the id was used. */
export const isFinalRefusal = ({ httpStatus, code }: Task['refusals'][number]): boolean => httpStatus === 400 && code !== CONFLICT;
