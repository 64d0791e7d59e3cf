import { isObject, type RawTask } from '../validation/check-image-inference.ts';
import { namesOf } from '../validation/runware-error.ts';
import { combine, refuseWith, type Answer } from './answer.ts';
import { checkKey } from './check-key.ts';
import { getResponse, type PollParts } from './get-response.ts';
import { getTaskDetails } from './get-task-details.ts';
import { dryRun, submit, type SubmitParts } from './submit.ts';

export interface RequestParts extends SubmitParts, PollParts {
  apiKey: string;
}

/** One POST, as far as the API looks at it. */
export interface ApiRequest {
  body: unknown;
  /** The header "Authorization". */
  authorization: string | undefined;
  isDryRun: boolean;
}

/** Answers one request: a list of tasks, each on its own (Runware docs, getting started). */
export async function answerRequest({ body, authorization, isDryRun }: ApiRequest, parts: RequestParts): Promise<Answer> {
  if (!Array.isArray(body)) {
    return refuseWith(400, { code: 'invalidRequest', message: 'The body must be a JSON array of task objects.' });
  }
  const elements = Array.from<unknown>(body);
  const refusal = checkKey(authorization, elements[0], parts.apiKey);
  if (refusal !== undefined) return refuseWith(401, refusal);
  const tasks = elements.filter((element) => !isObject(element) || element['taskType'] !== 'authentication');
  return combine(await Promise.all(tasks.map((task) => answerTask(task, isDryRun, parts))));
}

async function answerTask(task: unknown, isDryRun: boolean, parts: RequestParts): Promise<Answer> {
  if (!isObject(task)) return refuseWith(400, { code: 'invalidTask', message: 'A task must be an object.' });
  switch (task['taskType']) {
    case 'imageInference':
      return isDryRun ? dryRun(task, parts) : submit(task, parts);
    case 'getResponse':
      return getResponse(task, parts);
    case 'getTaskDetails':
      return getTaskDetails(task, parts);
    case undefined:
      return refuseWith(400, { code: 'missingTaskType', message: "Missing required parameter 'taskType'.", ...aboutTaskType(task) });
    default:
      return refuseWith(400, { code: 'invalidTaskType', message: "Invalid value for 'taskType' parameter.", ...aboutTaskType(task) });
  }
}

const aboutTaskType = (task: RawTask) => ({
  parameter: 'taskType',
  type: 'string',
  allowedValues: ['imageInference', 'getResponse', 'getTaskDetails', 'authentication'],
  documentation: 'https://runware.ai/docs/platform/errors',
  ...namesOf(task),
});
