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
  const task = tasks.get(taskUuidOf({ generationId, index: image.index, n: image.submissions }));
  if (task !== undefined && task.acceptances.length > 0) return false;
  return isGivenUp(generation, image, task) || (task !== undefined && wasUsedUp(task) && (image.openSends ?? 0) > 1);
}

/** It may have been sent, and the generation was cancelled or expired: an open generation would send it again. */
const isGivenUp = ({ status }: GenerationRecord, { submissionStatus }: ImageRecord, task: Task | undefined): boolean =>
  (status === 'cancelled' || status === 'expired') &&
  (submissionStatus === 'committed' || submissionStatus === 'unknown') &&
  (task === undefined || !hasEnded(task, Infinity));

/**
 * A refusal used up its id, so that it is refused as known although no task has it. While a send before that may have been
 * accepted, which the record must say, nothing tells this from a task that was: only what is not bought again is safe (I2).
 */
function wasUsedUp({ refusals }: Task): boolean {
  const usedUpAt = refusals.find(({ code }) => code !== CONFLICT)?.at;
  return usedUpAt !== undefined && refusals.some(({ code, at }) => code === CONFLICT && at >= usedUpAt);
}

/** Whether a refusal is about the request itself, and says more than that the id was used. */
export const isFinalRefusal = ({ httpStatus, code }: Task['refusals'][number]): boolean => httpStatus === 400 && code !== CONFLICT;
