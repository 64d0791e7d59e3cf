import type { Bill } from '../bill.ts';
import type { Clock } from '../clock.ts';
import type { Dice } from '../dice.ts';
import type { Faults } from '../faults/schema.ts';
import type { Switchboard } from '../faults/switchboard.ts';
import { isOver, type Task } from '../state/task.ts';
import type { TaskStore } from '../state/task-store.ts';
import type { RawTask } from '../validation/check-image-inference.ts';
import { namesOf } from '../validation/runware-error.ts';
import { answerWith, type Answer } from './answer.ts';
import { isRemembered } from './get-response.ts';
import { buildResultItems, failureOf, type ItemDependencies } from './result-item.ts';
import { conflictOf } from './submit.ts';

export interface DetailsDependencies extends ItemDependencies {
  store: TaskStore;
  bill: Bill;
  switches: Switchboard;
  dice: Dice;
  clock: Clock;
}

/**
 * Answers `getTaskDetails` with "the complete request and response objects for any previously executed task" (Runware docs,
 * platform/task-details). While the task runs, the response is `null`, as other users observed; that is no failure.
 */
export async function getTaskDetails(raw: RawTask, dependencies: DetailsDependencies): Promise<Answer> {
  const faults = dependencies.switches.current();
  const { taskUUID = '' } = namesOf(raw);
  const task = dependencies.store.find(taskUUID);
  const refusal = findRefusal(taskUUID, task !== undefined, faults, dependencies.bill);
  if (refusal !== undefined) {
    const errors = [{ code: refusal.code, message: 'The request was refused.', taskUUID, taskType: 'imageInference' }];
    return answerWith({ taskType: 'getTaskDetails', taskUUID, request: null, response: { data: [], errors } });
  }
  if (task !== undefined && faults.detailsHideRunning && !isOver(dependencies.dice, task, dependencies.clock.now())) return answerWith();
  if (task === undefined || !isRemembered(task, faults, faults.detailsForgetAfterMs, dependencies)) return answerWith();
  return answerWith({ taskType: 'getTaskDetails', taskUUID, request: task.raw, response: await responseOf(task, dependencies) });
}

/**
 * Finds the refusal that the answer shows in place of a task: the kept refusal of an id without a task, or the newest refusal of an id
 * with one, if it is the last response to the id.
 */
function findRefusal(taskUUID: string, hasTask: boolean, faults: Faults, { lines }: Bill) {
  const isKept = hasTask ? faults.detailsRefusalHidesTask : faults.detailsKeepRefusals;
  if (!isKept) return undefined;
  // The bill holds every answer.
  const answers = lines.filter((line) => line.taskUUID === taskUUID && (line.kind === 'refusal' || line.kind === 'acceptance'));
  if (hasTask) {
    const last = answers.at(-1);
    return last?.kind === 'refusal' && last.code !== 'conflictTaskUUID' ? last : undefined;
  }
  const refusals = answers.filter((line) => line.kind === 'refusal');
  return refusals.at(faults.detailsResponse === 'last-response' ? -1 : 0);
}

async function responseOf(task: Task, dependencies: DetailsDependencies): Promise<unknown> {
  const { bill, switches, dice, clock } = dependencies;
  const { detailsResponse } = switches.current();
  if (detailsResponse === 'null' || !isOver(dice, task, clock.now())) return null;
  const wasReplayed = (): boolean =>
    bill.lines.some((line) => line.kind === 'refusal' && line.taskUUID === task.taskUUID && line.code === 'conflictTaskUUID');
  if (detailsResponse === 'last-response' && wasReplayed()) return { data: [], errors: [conflictOf(task.raw)] };
  const failure = failureOf(task);
  return failure === undefined ? { data: await buildResultItems(task, dependencies) } : { data: [], errors: [failure] };
}
