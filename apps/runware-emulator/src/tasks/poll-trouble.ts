import type { Dice } from '../dice.ts';
import type { FaultName, Faults } from '../faults/schema.ts';
import type { RawTask } from '../validation/check-image-inference.ts';
import { namesOf } from '../validation/runware-error.ts';
import { answerWith, refuseWith, type Answer } from './answer.ts';
import { failureItem } from './result-item.ts';
import { findStranger, type StrangerParts } from './stranger.ts';

const about = (httpStatus: number, code: string, message: string) => refuseWith(httpStatus, { code, message });

// Trouble with the question: it says nothing about the task.
const troublesByRate = [
  ['pollEmptyRate', answerWith()],
  ['pollResetRate', { ...answerWith(), instead: 'reset' }],
  ['poll401Rate', about(401, 'invalidApiKey', 'Invalid API key.')],
  ['poll402Rate', about(402, 'insufficientCredits', 'The balance is not enough.')],
  ['poll403Rate', about(403, 'permissionDenied', 'The API key lacks the permission for this task.')],
  ['poll429Rate', about(429, 'rateLimitExceeded', 'Too many requests. Try again later.')],
  ['poll500Rate', about(500, 'internalServerError', 'An internal error occurred.')],
  ['poll503Rate', about(503, 'serviceUnavailable', 'The service is temporarily unavailable.')],
] as const satisfies readonly (readonly [FaultName, Answer])[];

/** Draws what goes wrong with the `poll`-th question; mostly nothing. */
export function drawPollTrouble(faults: Faults, dice: Dice, poll: number, raw: RawTask): Answer | undefined {
  const shares = troublesByRate.map(([rate, answer]) => [rate, faults[rate], answer] as const);
  const answer = dice.oneOf<Answer>(shares, 'poll-trouble', namesOf(raw).taskUUID ?? '', poll);
  return answer === undefined ? undefined : nameQuestion(answer, raw, faults);
}

/** The answer about a task that is not known. */
export function tellUnknown(raw: RawTask, faults: Faults): Answer {
  return faults.pollUnknown === 'empty' ? answerWith() : nameQuestion(about(404, 'taskNotFound', 'The task was not found.'), raw, faults);
}

/** Says of an error about the question whom it is about, as the switches have it: under the names of the task it looks like its failure. */
function nameQuestion(answer: Answer, raw: RawTask, { pollErrorNames, pollErrorsIn200 }: Faults): Answer {
  const names = {
    question: namesOf(raw),
    task: { ...namesOf(raw), taskType: 'imageInference', status: 'error' as const },
    nobody: {},
  }[pollErrorNames];
  return {
    ...answer,
    httpStatus: pollErrorsIn200 ? 200 : answer.httpStatus,
    errors: answer.errors.map((error) => ({ ...error, ...names })),
  };
}

/** Adds what a client that reads answers by their place, and not by their taskUUID, would take for its own. */
export async function addStrangers(answer: Answer, taskUUID: string, parts: StrangerParts): Promise<Answer> {
  const result = await findStranger(taskUUID, 'poll-stranger-result', parts);
  const failure = failureItem(parts.dice.uuid('poll-stranger-failure', taskUUID), 'contentPolicyViolation', 'The content was refused.');
  return {
    ...answer,
    items: [...(result === undefined ? [] : [{ ...result, status: 'success' }]), ...answer.items],
    errors: [failure, ...answer.errors],
  };
}
