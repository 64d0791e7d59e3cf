import { isObject, type RawTask } from '../validation/check-image-inference.ts';
import { namesOf } from '../validation/runware-error.ts';
import { accountDetails } from './account-details.ts';
import { combine, refuseWith, type Answer } from './answer.ts';
import { checkKey } from './check-key.ts';
import { getResponse, type PollDependencies } from './get-response.ts';
import { getTaskDetails } from './get-task-details.ts';
import { breakSome } from './poll-fault.ts';
import { dryRun, submit, type SubmitDependencies } from './submit.ts';

export interface RequestDependencies extends SubmitDependencies, PollDependencies {
  apiKey: string;
}

/** Contents of a POST that the API reads. */
export interface ApiRequest {
  body: unknown;
  /** Header "Authorization". */
  authorization: string | undefined;
  isDryRun: boolean;
}

/** Answers one request: a list of tasks, each answered separately (Runware docs, getting started). */
export async function answerRequest({ body, authorization, isDryRun }: ApiRequest, dependencies: RequestDependencies): Promise<Answer> {
  if (!Array.isArray(body)) {
    return refuseWith(400, { code: 'invalidRequest', message: 'The body must be a JSON array of task objects.' });
  }
  const elements = Array.from<unknown>(body);
  const refusal = checkKey(authorization, elements[0], dependencies.apiKey);
  if (refusal !== undefined) return refuseWith(401, refusal);
  const tasks = elements.filter((element) => !isObject(element) || element['taskType'] !== 'authentication');
  return combine(await Promise.all(tasks.map((task) => answerTask(task, isDryRun, dependencies))));
}

async function answerTask(task: unknown, isDryRun: boolean, dependencies: RequestDependencies): Promise<Answer> {
  if (!isObject(task)) return refuseWith(400, { code: 'invalidTask', message: 'A task must be an object.' });
  switch (task['taskType']) {
    case 'imageInference':
      return isDryRun ? dryRun(task, dependencies) : submit(task, dependencies);
    case 'getResponse':
      return breakSome(await getResponse(task, dependencies), task, dependencies);
    case 'getTaskDetails':
      return breakSome(await getTaskDetails(task, dependencies), task, dependencies);
    case 'accountManagement':
      return accountDetails(task, dependencies);
    case undefined:
      return refuseWith(400, { code: 'missingTaskType', message: "Missing required parameter 'taskType'.", ...aboutTaskType(task) });
    default:
      return refuseWith(400, { code: 'invalidTaskType', message: "Invalid value for 'taskType' parameter.", ...aboutTaskType(task) });
  }
}

const aboutTaskType = (task: RawTask) => ({
  parameter: 'taskType',
  type: 'string',
  allowedValues: ['imageInference', 'getResponse', 'getTaskDetails', 'accountManagement', 'authentication'],
  documentation: 'https://runware.ai/docs/platform/errors',
  ...namesOf(task),
});
