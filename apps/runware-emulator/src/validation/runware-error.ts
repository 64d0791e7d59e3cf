/** One entry of `errors` (Runware docs, platform/errors; the fields about ranges as other users saw them in the live API). */
export interface RunwareError {
  code: string;
  message: string;
  /** Present only on the failure of an accepted task. */
  status?: 'error';
  parameter?: string;
  type?: string;
  min?: number;
  max?: number;
  allowedValues?: readonly string[];
  documentation?: string;
  taskUUID?: string;
  taskType?: string;
}

const PAGE = 'https://runware.ai/docs/models/xai-grok-imagine-image';

/** Returns the place on the page about a parameter: "#request-inputs-referenceimages" for "inputs.referenceImages". */
export const documentationOf = (path: string): string => `${PAGE}#request-${path.replaceAll('.', '-').toLowerCase()}`;

/** Returns the code of an error about a parameter: "invalidSafetyMode" for ("invalid", "safety.mode"). */
export const parameterCode = (prefix: 'invalid' | 'missing' | 'unsupported', path: string): string =>
  prefix +
  path
    .split('.')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** Returns the names of a task for an error about it, as far as they are readable. */
export function namesOf(task: Readonly<Record<string, unknown>>): Pick<RunwareError, 'taskUUID' | 'taskType'> {
  const { taskUUID, taskType } = task;
  return { ...(typeof taskUUID === 'string' && { taskUUID }), ...(typeof taskType === 'string' && { taskType }) };
}
