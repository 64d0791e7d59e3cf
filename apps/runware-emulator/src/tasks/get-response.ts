import type { Clock } from '../clock.ts';
import type { Dice } from '../dice.ts';
import type { Faults } from '../faults/schema.ts';
import type { Switchboard } from '../faults/switchboard.ts';
import type { Stats } from '../stats.ts';
import { isOver, isVisible, itemCount, purposeOf, visibleAt, type Task } from '../state/task.ts';
import type { TaskStore } from '../state/task-store.ts';
import type { RawTask } from '../validation/check-image-inference.ts';
import { namesOf, type RunwareError } from '../validation/runware-error.ts';
import { answerWith, type Answer } from './answer.ts';
import { addUnrelated, drawPollFault, answerUnknown } from './poll-fault.ts';
import { buildResultItem, failureOf, type ItemDependencies, type ResultItem } from './result-item.ts';

export interface PollDependencies extends ItemDependencies {
  store: TaskStore;
  switches: Switchboard;
  dice: Dice;
  clock: Clock;
  stats: Stats;
}

/**
 * Answers `getResponse` with the state of all items of a task, each with its `status` (Runware docs, platform/task-polling). An unknown
 * id gives an empty `data`, not an error.
 */
export async function getResponse(raw: RawTask, dependencies: PollDependencies): Promise<Answer> {
  const { store, switches, dice, stats } = dependencies;
  const faults = switches.current();
  const { taskUUID = '' } = namesOf(raw);
  // The number makes each question a draw of its own. Questions are never replayed, so it may begin again with the process.
  stats.polls += 1;
  const fault = drawPollFault(faults, dice, stats.polls, raw);
  if (fault !== undefined) return fault;

  const task = store.find(taskUUID);
  const isHidden = task !== undefined && faults.pollHidesRunning && !isOver(dice, task, dependencies.clock.now());
  const isKnown = task !== undefined && !isHidden && isRemembered(task, faults, faults.pollForgetsAfterMs, dependencies);
  const answer = isKnown ? await tell(task, dependencies) : answerUnknown(raw, faults);
  const hasUnrelated = dice.chance(faults.pollStrangerRate, 'poll-stranger', taskUUID, stats.polls);
  return hasUnrelated ? addUnrelated(answer, taskUUID, dependencies) : answer;
}

async function tell(task: Task, dependencies: PollDependencies): Promise<Answer> {
  const { switches, dice, clock } = dependencies;
  const faults = switches.current();
  const failure = failureOf(task);
  if (failure !== undefined && isVisible(dice, task, 0, clock.now())) {
    const answer = tellFailure(failure, faults);
    return dice.chance(faults.pollTerminal504Rate, ...purposeOf('poll-504', task, 0)) ? { ...answer, httpStatus: 504 } : answer;
  }
  const count = failure === undefined ? itemCount(task) : 1;
  return answerWith(...(await Promise.all(Array.from({ length: count }, (_, index) => tellItem(task, index, dependencies)))));
}

/**
 * Returns true if questions know a task: from the end of the lag after its acceptance until `forgetsAfterMs` after its end, where 0 is
 * for ever.
 */
export function isRemembered(
  task: Task,
  { pollLagMs }: Pick<Faults, 'pollLagMs'>,
  forgetsAfterMs: number,
  { dice, clock }: Pick<PollDependencies, 'dice' | 'clock'>,
): boolean {
  const now = clock.now();
  if (now < task.acceptedAt + dice.between(pollLagMs, ...purposeOf('poll-lag', task, 0))) return false;
  return forgetsAfterMs === 0 || task.ending === undefined || now < task.ending.at + forgetsAfterMs;
}

async function tellItem(task: Task, index: number, dependencies: PollDependencies): Promise<ResultItem> {
  const { switches, dice, clock } = dependencies;
  const now = clock.now();
  if (isVisible(dice, task, index, now)) return { ...(await buildResultItem(task, index, dependencies)), status: 'success' };
  const share = (now - task.acceptedAt) / (visibleAt(dice, task, index) - task.acceptedAt);
  return {
    taskType: 'imageInference',
    taskUUID: task.taskUUID,
    status: switches.current().pollRunningWord,
    // Below 100, which means finished: after a long stop the time may be over before the image is made.
    progress: Math.max(0, Math.min(99, Math.floor(share * 100))),
  };
}

function tellFailure(failure: RunwareError, { pollErrorShape }: Pick<Faults, 'pollErrorShape'>): Answer {
  const { code, message, documentation, ...names } = failure;
  switch (pollErrorShape) {
    case 'errors':
      return { ...answerWith(), errors: [failure] };
    case 'data-nested':
      return answerWith({ ...names, error: { code, message, documentation } });
    case 'data-flat':
      return answerWith({ ...failure });
  }
}
