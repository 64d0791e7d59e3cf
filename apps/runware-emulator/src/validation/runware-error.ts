/** One entry of `errors`, as Runware writes it (docs, platform/errors; the fields about ranges as others met them in the live API). */
export interface RunwareError {
  code: string;
  message: string;
  /** Only on failures of a task that was accepted. */
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

/** The place of the page that speaks of a parameter: "inputs.referenceImages" is "#request-inputs-referenceimages". */
export const documentationOf = (path: string): string => `${PAGE}#request-${path.replaceAll('.', '-').toLowerCase()}`;

/** The code of an error about a parameter: ("invalid", "safety.mode") is "invalidSafetyMode". */
export const parameterCode = (prefix: 'invalid' | 'missing' | 'unsupported', path: string): string =>
  prefix +
  path
    .split('.')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** What names the task in an error about it, as far as the task is readable. */
export function namesOf(task: Readonly<Record<string, unknown>>): Pick<RunwareError, 'taskUUID' | 'taskType'> {
  const { taskUUID, taskType } = task;
  return { ...(typeof taskUUID === 'string' && { taskUUID }), ...(typeof taskType === 'string' && { taskType }) };
}
