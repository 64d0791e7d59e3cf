import { defined, formatUsd } from '@darkroom/contracts';
import { promptSha256, type Bill } from '../bill.ts';
import type { Clock } from '../clock.ts';
import type { Dice } from '../dice.ts';
import type { Faults } from '../faults/schema.ts';
import { drawAccountFault, drawSubmitFault, type SubmitFault } from '../faults/submit-fault.ts';
import type { Switchboard } from '../faults/switchboard.ts';
import { purposeOf, type Task } from '../state/task.ts';
import type { TaskStore } from '../state/task-store.ts';
import { checkImageInference, type RawTask } from '../validation/check-image-inference.ts';
import { isUuidV4 } from '../validation/check-parameter.ts';
import { namesOf } from '../validation/runware-error.ts';
import { isTaken } from './taken-ids.ts';
import { answerWith, refuseWith, type Answer } from './answer.ts';
import type { Execution, Executor } from './executor.ts';
import { readImageRequest } from './image-request.ts';
import { chargeOf } from './price.ts';
import { buildResultItems, failureOf, type ItemDependencies } from './result-item.ts';

export interface SubmitDependencies extends ItemDependencies {
  store: TaskStore;
  bill: Bill;
  switches: Switchboard;
  executor: Executor;
  dice: Dice;
  clock: Clock;
  signal: AbortSignal;
}

/** Answers an `imageInference` task. The bill holds every answer before it is sent. */
export async function submit(raw: RawTask, dependencies: SubmitDependencies): Promise<Answer> {
  const { bill, switches, dice, clock, signal } = dependencies;
  const faults = switches.current();
  // The bill holds the id even if it is no UUID, so a long one is cut.
  const taskUUID = typeof raw['taskUUID'] === 'string' ? raw['taskUUID'].slice(0, 64) : '';
  const receipt = bill.receiptsOf(taskUUID) + 1;
  bill.record({ kind: 'submission', at: clock.now(), taskUUID, receipt, promptSha256: promptSha256(raw['positivePrompt']) });

  const fault = drawSubmitFault(faults, dice, taskUUID, receipt);
  if (fault?.kind === 'reset' && !fault.accepts) return cutOff;
  if (fault?.kind === 'refusal' && !fault.accepts) return recordRefusal(raw, receipt, refusalOf(fault, raw), dependencies);
  const decision = decide(raw, receipt, dependencies);
  if (fault?.kind === 'reset') return cutOff;
  if (fault?.kind === 'slow') await clock.sleep(faults.submitSlowMs, signal);
  const answer = 'refusal' in decision ? decision.refusal : await answerAccepted(decision, dependencies);
  return disturb(answer, fault, raw, faults);
}

interface Accepted {
  task: Task;
  execution: Execution;
}

// Checks and takes the id in one tick: of two simultaneous submissions of an id one is refused.
function decide(raw: RawTask, receipt: number, dependencies: SubmitDependencies): Accepted | { refusal: Answer } {
  const { store, bill, switches, executor, clock } = dependencies;
  const faults = switches.current();
  const errors = checkImageInference(raw, faults);
  const { taskUUID } = raw;
  if (errors.length > 0 || !isUuidV4(taskUUID)) return { refusal: recordRefusal(raw, receipt, refuseWith(400, ...errors), dependencies) };
  if (isTaken(taskUUID, faults, dependencies))
    return { refusal: recordRefusal(raw, receipt, refuseWith(400, conflictOf(raw)), dependencies) };
  const task = store.accept(raw, taskUUID, faults);
  bill.record({ kind: 'acceptance', at: clock.now(), taskUUID, receipt, run: task.run });
  return { task, execution: executor.begin(task) };
}

async function answerAccepted({ task, execution }: Accepted, dependencies: SubmitDependencies): Promise<Answer> {
  if (task.request.deliveryMethod === 'async') {
    const beforeAck = dependencies.dice.chance(task.faults.webhookBeforeAckRate, ...purposeOf('webhook-before-ack', task, 0));
    if (beforeAck) await execution.announced;
    return answerWith({ taskType: 'imageInference', taskUUID: task.taskUUID });
  }
  await execution.visible;
  const failure = failureOf(task);
  if (failure !== undefined) return refuseWith(syncStatuses.get(failure.code) ?? 500, failure);
  return answerWith(...(await buildResultItems(task, dependencies)));
}

// Inferred from the meaning of the statuses (Runware docs, platform/errors): no source shows a synchronous task that failed.
const syncStatuses = new Map([
  ['timeoutProvider', 504],
  ['contentPolicyViolation', 400],
]);

function recordRefusal(raw: RawTask, receipt: number, answer: Answer, { store, bill, switches, clock }: SubmitDependencies): Answer {
  const { taskUUID = '' } = namesOf(raw);
  const code = answer.errors[0]?.code ?? 'unknownError';
  bill.record({ kind: 'refusal', at: clock.now(), taskUUID: taskUUID.slice(0, 64), receipt, httpStatus: answer.httpStatus, code });
  const isNew = store.find(taskUUID) === undefined && !store.isBurnt(taskUUID);
  if (switches.current().rejectionConsumesId && isUuidV4(taskUUID) && isNew) store.burn(taskUUID);
  return answer;
}

function disturb(answer: Answer, fault: SubmitFault | undefined, raw: RawTask, { brokenBody }: Faults): Answer {
  switch (fault?.kind) {
    case undefined:
    case 'slow':
      return answer;
    case 'reset':
      return cutOff;
    case 'empty-ack':
      return { ...answer, items: [] };
    case 'not-json':
      return { ...answer, instead: 'html' };
    case 'broken':
      return { ...answer, instead: brokenBody };
    case 'refusal':
      return refusalOf(fault, raw);
  }
}

const cutOff: Answer = { ...answerWith(), instead: 'reset' };

const refusalOf = (fault: Extract<SubmitFault, { kind: 'refusal' }>, raw: RawTask): Answer => ({
  ...refuseWith(fault.httpStatus, { code: fault.code, message: fault.message, ...namesOf(raw) }),
  ...defined({ retryAfterSeconds: fault.retryAfterSeconds }),
});

/** Builds the refusal of a taskUUID that is in use. */
export const conflictOf = (raw: RawTask) => ({
  code: 'conflictTaskUUID',
  message: 'The taskUUID was used before. It must be unique per task.',
  parameter: 'taskUUID',
  type: 'string',
  ...namesOf(raw),
});

/** Validates and prices a task without running it ("X-Runware-Dry-Run", Runware's skill for coding agents). Records nothing. */
export function dryRun(raw: RawTask, { switches, dice }: Pick<SubmitDependencies, 'switches' | 'dice'>): Answer {
  const faults = switches.current();
  const account = drawAccountFault(faults, dice, namesOf(raw).taskUUID ?? '');
  if (account !== undefined) return refusalOf(account, raw);
  const errors = checkImageInference(raw, faults);
  if (errors.length > 0) return refuseWith(400, ...errors);
  const request = readImageRequest(raw);
  return answerWith({ ...namesOf(raw), cost: Number(formatUsd(chargeOf(request, faults) * request.numberResults)) });
}
