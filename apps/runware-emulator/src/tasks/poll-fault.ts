import type { Dice } from '../dice.ts';
import type { FaultName, Faults } from '../faults/schema.ts';
import type { Switchboard } from '../faults/switchboard.ts';
import type { Stats } from '../stats.ts';
import type { RawTask } from '../validation/check-image-inference.ts';
import { namesOf } from '../validation/runware-error.ts';
import { answerWith, refuseWith, type Answer } from './answer.ts';
import { failureItem } from './result-item.ts';
import { findUnrelatedResult, type UnrelatedDependencies } from './unrelated-result.ts';

const about = (httpStatus: number, code: string, message: string) => refuseWith(httpStatus, { code, message });

// Errors about the question, which tell nothing about the task.
const faultsByRate = [
  ['pollEmptyRate', answerWith()],
  ['pollResetRate', { ...answerWith(), instead: 'reset' }],
  ['poll401Rate', about(401, 'invalidApiKey', 'Invalid API key.')],
  ['poll402Rate', about(402, 'insufficientCredits', 'The balance is not enough.')],
  ['poll403Rate', about(403, 'permissionDenied', 'The API key lacks the permission for this task.')],
  ['poll429Rate', about(429, 'rateLimitExceeded', 'Too many requests. Try again later.')],
  ['poll500Rate', about(500, 'internalServerError', 'An internal error occurred.')],
  ['poll503Rate', about(503, 'serviceUnavailable', 'The service is temporarily unavailable.')],
] as const satisfies readonly (readonly [FaultName, Answer])[];

/** Draws the fault of the `poll`-th question; undefined for none. */
export function drawPollFault(faults: Faults, dice: Dice, poll: number, raw: RawTask): Answer | undefined {
  const shares = faultsByRate.map(([rate, answer]) => [rate, faults[rate], answer] as const);
  const answer = dice.oneOf<Answer>(shares, 'poll-trouble', namesOf(raw).taskUUID ?? '', poll);
  return answer === undefined ? undefined : nameQuestion(answer, raw, faults);
}

/** Answers a question about an unknown task. */
export function answerUnknown(raw: RawTask, faults: Faults): Answer {
  return faults.pollUnknown === 'empty' ? answerWith() : nameQuestion(about(404, 'taskNotFound', 'The task was not found.'), raw, faults);
}

/** Breaks a share of the answers to questions. */
export function breakSome(
  answer: Answer,
  raw: RawTask,
  { switches, dice, stats }: { switches: Switchboard; dice: Dice; stats: Stats },
): Answer {
  const { pollBrokenRate, brokenBody } = switches.current();
  const { taskType = '', taskUUID = '' } = namesOf(raw);
  const isBroken = dice.chance(pollBrokenRate, 'poll-broken', taskType, taskUUID, stats.polls);
  return isBroken && answer.instead === undefined ? { ...answer, instead: brokenBody } : answer;
}

/** Adds names to an error about the question, as the switches say; with the names of the task it looks like a failure of the task. */
function nameQuestion(answer: Answer, raw: RawTask, { pollErrorNames, pollErrorsIn200 }: Faults): Answer {
  const names = {
    question: namesOf(raw),
    task: { ...namesOf(raw), taskType: 'imageInference', status: 'error' as const },
    nothing: {},
  }[pollErrorNames];
  return {
    ...answer,
    httpStatus: pollErrorsIn200 ? 200 : answer.httpStatus,
    errors: answer.errors.map((error) => ({ ...error, ...names })),
  };
}

/** Adds items of other tasks, which a client would mistake for its own if it read answers by position and not by taskUUID. */
export async function addUnrelated(answer: Answer, taskUUID: string, dependencies: UnrelatedDependencies): Promise<Answer> {
  const result = await findUnrelatedResult(taskUUID, 'poll-stranger-result', dependencies);
  const failure = failureItem(
    dependencies.dice.uuid('poll-stranger-failure', taskUUID),
    'contentPolicyViolation',
    'The content was refused.',
  );
  return {
    ...answer,
    items: [...(result === undefined ? [] : [{ ...result, status: 'success' }]), ...answer.items],
    errors: [failure, ...answer.errors],
  };
}
