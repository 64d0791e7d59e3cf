import { taskUuidOf } from '@darkroom/contracts';
import { hasEnded, type Task, type Tasks } from './billed-tasks.ts';
import type { GenerationRecord, OrderRecord } from './evidence.ts';

type ImageRecord = GenerationRecord['images'][number];

/** The code of an image whose sends a server on the way answered in the provider's place. */
const BLOCKED = 'provider.blocked';

/** The code with which the provider refuses a used id. */
const CONFLICT = 'conflictTaskUUID';

/** Facts that decide if a worker could learn the outcome of a send. */
export interface KnownOfSends {
  readonly tasks: Tasks;
  /** True if its caller cancelled the order and erased it: no worker can repeat a send, also if Redis forgot the cancellation. */
  readonly isErased: boolean;
  /** True if a server on the way answered the sends of the order. */
  readonly isPoisoned?: boolean | undefined;
}

/** Returns what is known of the sends of an order's generation. */
export const sendsOf = ({ cancelledAt, isPoisoned }: OrderRecord, id: string, erased: ReadonlySet<string>, tasks: Tasks): KnownOfSends => ({
  tasks,
  isErased: cancelledAt !== undefined && erased.has(id),
  isPoisoned,
});

/**
 * Returns true if the outcome of an image's newest submission is still unknown. Workers look for it until the horizon, which lies after
 * the end of a run, and its hold stays until an operator decides (I7). A task that the provider accepted is never unproven.
 */
export function isUnproven(
  generationId: string,
  generation: GenerationRecord,
  image: ImageRecord,
  { tasks, isErased, isPoisoned = false }: KnownOfSends,
): boolean {
  const { index, submissionStatus, submissions, unrefusedSends = 0, code } = image;
  const task = tasks.get(taskUuidOf({ generationId, index, n: submissions }));
  if (task !== undefined && task.acceptances.length > 0) return false;
  if (submissionStatus !== 'committed' && submissionStatus !== 'unknown') return false;
  // The server on the way may have passed a send on, and no answer shows it before the horizon: the order is blocked, or the time to send
  // again is over. For an order without such a server the product must not say so.
  if (isPoisoned && unrefusedSends > 0) return true;
  if (code === BLOCKED) return false;
  const isRepeated = !isErased && generation.status !== 'cancelled' && generation.status !== 'expired';
  return (!isRepeated && mayHaveBeenAccepted(task, unrefusedSends)) || wasUsedUp(task, image);
}

/**
 * Returns true if no answer to a send is known. If the worker died before a refusal arrived, only the provider knows the refusal, and the
 * entry shows a send without one.
 */
const mayHaveBeenAccepted = (task: Task | undefined, unrefusedSends: number): boolean =>
  task === undefined || unrefusedSends > 0 || !hasEnded(task, Infinity);

/**
 * Returns true if a refusal used up the id: the provider refuses it as known although no task has it. In these runs the trail proves
 * this only if a single send may have been accepted. It does not with another refused or unknown send, which the bill or the entry
 * shows, nor if Redis restarted after the first send and may have lost one. Safe is then only not to buy again (I2). The entry alone shows a
 * refusal by a gateway that passed the send on: the bill then holds the provider's own answer, a conflict.
 */
function wasUsedUp(
  { refusals }: Pick<Task, 'refusals'> = { refusals: [] },
  { unrefusedSends = 0, refusedSends = 0, isForgotten = false }: ImageRecord,
): boolean {
  const usedUp = refusals.filter(({ code }) => code !== CONFLICT);
  const usedUpAt = usedUp[0]?.at;
  const isKnown = usedUpAt !== undefined && refusals.some(({ code, at }) => code === CONFLICT && at >= usedUpAt);
  return isKnown && (unrefusedSends > 1 || Math.max(refusedSends, usedUp.length) > 1 || isForgotten);
}

/** Returns true if a refusal concerns the request itself, and not only a used id. */
export const isFinalRefusal = ({ httpStatus, code }: Task['refusals'][number]): boolean => httpStatus === 400 && code !== CONFLICT;
