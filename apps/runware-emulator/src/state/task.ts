import type { Dice, Purpose } from '../dice.ts';
import { parseFaults } from '../faults/parse-faults.ts';
import type { Faults } from '../faults/schema.ts';
import { readImageRequest, type ImageRequest } from '../tasks/image-request.ts';
import type { RawTask } from '../validation/check-image-inference.ts';
import type { Entry, Outcome } from './entry.ts';

/** An accepted task. */
export interface Task {
  readonly taskUUID: string;
  /** Number of this execution of the id, from 1; more than 1 only if ids may be used again. */
  readonly run: number;
  readonly acceptedAt: number;
  /** The task as it arrived. */
  readonly raw: RawTask;
  readonly request: ImageRequest;
  /** The switches at its acceptance. */
  readonly faults: Faults;
  /** Set once, by the store. */
  ending?: { readonly at: number; readonly outcome: Outcome };
}

/** Builds the task of a line of the state file. */
export const taskOf = ({ taskUUID, run, at, request, faults }: Extract<Entry, { kind: 'accepted' }>): Task => ({
  taskUUID,
  run,
  acceptedAt: at,
  raw: request,
  request: readImageRequest(request),
  faults: parseFaults(faults),
});

/** Returns the purpose of a draw about one item of a task. */
export const purposeOf = (what: string, { taskUUID, run }: Task, index: number): Purpose => [what, taskUUID, run, index];

/** Returns when an item becomes visible, if the task has ended by then: each item has its own time, and a failure that of the first. */
export const visibleAt = (dice: Dice, task: Task, index: number): number =>
  task.acceptedAt + dice.between(task.faults.executionMs, ...purposeOf('execution-ms', task, index));

/** Returns the number of items of a task: its images, or one failure. Before its end: the requested images. */
export const itemCount = ({ request, ending }: Task): number => (ending?.outcome.status === 'error' ? 1 : request.numberResults);

/** Returns when the last item becomes visible. */
export const allVisibleAt = (dice: Dice, task: Task): number =>
  Math.max(...Array.from({ length: itemCount(task) }, (_, index) => visibleAt(dice, task, index)));

/** Returns true if an item is visible. */
export const isVisible = (dice: Dice, task: Task, index: number, now: number): boolean =>
  task.ending !== undefined && now >= visibleAt(dice, task, index);

/** Returns true if all items are visible. */
export const isOver = (dice: Dice, task: Task, now: number): boolean => task.ending !== undefined && now >= allVisibleAt(dice, task);
