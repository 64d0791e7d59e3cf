import { taskUuidOf } from '@darkroom/contracts';
import { hasEnded, type Task, type Tasks } from './billed-tasks.ts';
import type { GenerationRecord } from './evidence.ts';

type ImageRecord = GenerationRecord['images'][number];

/** The code of an image whose sends something answered in the place of the provider. */
const BLOCKED = 'provider.blocked';

/** The code with which the provider refuses an id for having been used. */
const CONFLICT = 'conflictTaskUUID';

/**
 * Whether nobody can know yet what became of the newest submission of an image. It is looked for until the horizon, which comes
 * after the end of a run; its money stays on hold until an operator decides (I7). Never of a task that the provider accepted.
 * @param isPoisoned Whether something on the way to the provider answered the sends of its order.
 */
export function isUnproven(
  generationId: string,
  generation: GenerationRecord,
  image: ImageRecord,
  tasks: Tasks,
  isPoisoned = false,
): boolean {
  const { index, submissionStatus, submissions, unrefusedSends = 0, isForgotten = false, code } = image;
  const task = tasks.get(taskUuidOf({ generationId, index, n: submissions }));
  if (task !== undefined && task.acceptances.length > 0) return false;
  if (submissionStatus !== 'committed' && submissionStatus !== 'unknown') return false;
  // What stood in the way may have passed it on, and until the horizon nothing tells: the order is blocked, or its window to be sent again
  // has closed. Of an order that nothing stood in the way of the product has no reason to say so.
  if (isPoisoned && unrefusedSends > 0) return true;
  if (code === BLOCKED) return false;
  return isGivenUp(generation, task, unrefusedSends) || wasUsedUp(task, unrefusedSends, isForgotten);
}

/**
 * It may have been sent, and the generation was cancelled or expired: an open one would send it again. That it was refused is known
 * to the provider alone when who asked died before the answer, which the record shows as a send without a refusal.
 */
const isGivenUp = ({ status }: GenerationRecord, task: Task | undefined, unrefusedSends: number): boolean =>
  (status === 'cancelled' || status === 'expired') && (task === undefined || unrefusedSends > 0 || !hasEnded(task, Infinity));

/**
 * A refusal used up its id, so that it is refused as known although no task has it. The audit trail proves that, as these runs are set,
 * where one send alone may have been accepted: not beside another that was refused or of which nothing is known, which the bill or the
 * record must say, and not if Redis was restarted since the first send and may have forgotten one. Only what is not bought again is
 * safe then (I2).
 */
function wasUsedUp({ refusals }: Pick<Task, 'refusals'> = { refusals: [] }, unrefusedSends: number, isForgotten: boolean): boolean {
  const usedUp = refusals.filter(({ code }) => code !== CONFLICT);
  const usedUpAt = usedUp[0]?.at;
  const isKnown = usedUpAt !== undefined && refusals.some(({ code, at }) => code === CONFLICT && at >= usedUpAt);
  return isKnown && (unrefusedSends > 1 || usedUp.length > 1 || isForgotten);
}

/** Whether a refusal is about the request itself, and says more than that the id was used. */
export const isFinalRefusal = ({ httpStatus, code }: Task['refusals'][number]): boolean => httpStatus === 400 && code !== CONFLICT;
