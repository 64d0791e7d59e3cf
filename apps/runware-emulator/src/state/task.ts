import type { Dice, Purpose } from '../dice.ts';
import { parseFaults } from '../faults/parse-faults.ts';
import type { Faults } from '../faults/schema.ts';
import { readImageRequest, type ImageRequest } from '../tasks/image-request.ts';
import type { RawTask } from '../validation/check-image-inference.ts';
import type { Entry, Outcome } from './entry.ts';

/** An accepted task. */
export interface Task {
  readonly taskUUID: string;
  /** Which execution of the id this is, from 1; more than 1 only where replays are forgotten. */
  readonly run: number;
  readonly acceptedAt: number;
  /** As it came. */
  readonly raw: RawTask;
  readonly request: ImageRequest;
  /** The switches in force when it was accepted. */
  readonly faults: Faults;
  /** Set once, by the store. */
  ending?: { readonly at: number; readonly outcome: Outcome };
}

/** The task that a line of the state file speaks of. */
export const taskOf = ({ taskUUID, run, at, request, faults }: Extract<Entry, { kind: 'accepted' }>): Task => ({
  taskUUID,
  run,
  acceptedAt: at,
  raw: request,
  request: readImageRequest(request),
  faults: parseFaults(faults),
});

/** The purpose of a draw about one item of a task. */
export const purposeOf = (what: string, { taskUUID, run }: Task, index: number): Purpose => [what, taskUUID, run, index];

/** When an item can be seen, if the task has ended by then: each takes a time of its own, and a failure the time of the first. */
export const visibleAt = (dice: Dice, task: Task, index: number): number =>
  task.acceptedAt + dice.between(task.faults.executionMs, ...purposeOf('execution-ms', task, index));

/** How many items the task tells of: its images, or one failure. Before its end, the images that were asked for. */
export const itemCount = ({ request, ending }: Task): number => (ending?.outcome.status === 'error' ? 1 : request.numberResults);

/** When the last item can be seen. */
export const allVisibleAt = (dice: Dice, task: Task): number =>
  Math.max(...Array.from({ length: itemCount(task) }, (_, index) => visibleAt(dice, task, index)));

/** Whether an item can be seen. */
export const isVisible = (dice: Dice, task: Task, index: number, now: number): boolean =>
  task.ending !== undefined && now >= visibleAt(dice, task, index);

/** Whether all of it can be seen. */
export const isOver = (dice: Dice, task: Task, now: number): boolean => task.ending !== undefined && now >= allVisibleAt(dice, task);
