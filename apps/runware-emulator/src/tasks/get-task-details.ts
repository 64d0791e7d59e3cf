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
import { buildResultItems, failureOf, type ItemParts } from './result-item.ts';
import { conflictOf } from './submit.ts';

export interface DetailsParts extends ItemParts {
  store: TaskStore;
  bill: Bill;
  switches: Switchboard;
  dice: Dice;
  clock: Clock;
}

/**
 * Answers `getTaskDetails`: "the complete request and response objects for any previously executed task" (Runware docs,
 * platform/task-details). While the task runs, the response is `null`, which others saw and which is no failure.
 */
export async function getTaskDetails(raw: RawTask, parts: DetailsParts): Promise<Answer> {
  const faults = parts.switches.current();
  const { taskUUID = '' } = namesOf(raw);
  const task = parts.store.find(taskUUID);
  const refusal = findRefusal(taskUUID, task !== undefined, faults, parts.bill);
  if (refusal !== undefined) {
    const errors = [{ code: refusal.code, message: 'The request was refused.', taskUUID, taskType: 'imageInference' }];
    return answerWith({ taskType: 'getTaskDetails', taskUUID, request: null, response: { data: [], errors } });
  }
  if (task !== undefined && faults.detailsHideRunning && !isOver(parts.dice, task, parts.clock.now())) return answerWith();
  if (task === undefined || !isRemembered(task, faults, faults.detailsForgetAfterMs, parts)) return answerWith();
  return answerWith({ taskType: 'getTaskDetails', taskUUID, request: task.raw, response: await responseOf(task, parts) });
}

/**
 * Finds the refusal that the answer shows instead of a task: for an id without a task the kept refusal, for an id with a task its newest
 * refusal, if that is the last response to the id.
 */
function findRefusal(taskUUID: string, hasTask: boolean, faults: Faults, { lines }: Bill) {
  const isKept = hasTask ? faults.detailsRefusalHidesTask : faults.detailsKeepRefusals;
  if (!isKept) return undefined;
  // Everything that was answered is on the bill.
  const answers = lines.filter((line) => line.taskUUID === taskUUID && (line.kind === 'refusal' || line.kind === 'acceptance'));
  if (hasTask) {
    const last = answers.at(-1);
    return last?.kind === 'refusal' && last.code !== 'conflictTaskUUID' ? last : undefined;
  }
  const refusals = answers.filter((line) => line.kind === 'refusal');
  return refusals.at(faults.detailsResponse === 'last-response' ? -1 : 0);
}

async function responseOf(task: Task, parts: DetailsParts): Promise<unknown> {
  const { bill, switches, dice, clock } = parts;
  const { detailsResponse } = switches.current();
  if (detailsResponse === 'null' || !isOver(dice, task, clock.now())) return null;
  const wasReplayed = (): boolean =>
    bill.lines.some((line) => line.kind === 'refusal' && line.taskUUID === task.taskUUID && line.code === 'conflictTaskUUID');
  if (detailsResponse === 'last-response' && wasReplayed()) return { data: [], errors: [conflictOf(task.raw)] };
  const failure = failureOf(task);
  return failure === undefined ? { data: await buildResultItems(task, parts) } : { data: [], errors: [failure] };
}
