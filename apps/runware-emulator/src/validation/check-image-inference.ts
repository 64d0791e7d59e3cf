import { findSize, parameters, sizes, type ParameterPath } from '@darkroom/contracts';
import type { Faults } from '../faults/schema.ts';
import { checkParameter, errorAbout } from './check-parameter.ts';
import { namesOf, parameterCode, type RunwareError } from './runware-error.ts';

/** A task as it arrived: an object, not checked yet. */
export type RawTask = Readonly<Record<string, unknown>>;

/**
 * Older name of `safety.checkContent`, from before the page: Runware's own clients send it with every request
 * (@runware/ai-sdk-provider 2.0.0), so it is accepted and has its effect.
 */
const legacyParameter = 'checkNSFW';

/** Objects whose parameters the page names by path, such as "safety.mode". */
const groups = ['safety', 'inputs'] as const;

/**
 * Checks an `imageInference` task against the model's page. The checks are the emulator's own; only the tables of the page come from
 * contracts, so that a mistake in one reading of the rules shows as a difference between the two.
 * @returns all errors, in the order of the page; none for a task that may run.
 */
export function checkImageInference(
  task: RawTask,
  faults: Pick<Faults, 'unknownParameters' | 'geometry' | 'maxReferenceImages'>,
): RunwareError[] {
  const values = flatten(task);
  const single = [
    ...parameterPaths.map((path) => checkParameter(path, parameters[path], values.get(path))),
    checkParameter(legacyParameter, parameters['safety.checkContent'], values.get(legacyParameter)),
  ];
  const errors = [
    ...groups.filter((group) => task[group] !== undefined && !isObject(task[group])).map(notAnObject),
    ...single.filter((error) => error !== undefined),
    // After an error in one parameter, the rules about several would only repeat it.
    ...(single.every((error) => error === undefined) ? checkTogether(values, faults) : []),
    ...(faults.unknownParameters === 'refuse' ? unknownPaths(values).map(unknownParameter) : []),
  ];
  return errors.map((error) => ({ ...error, ...namesOf(task) }));
}

// The keys of `parameters` are exactly this type.
const parameterPaths = Object.keys(parameters) as ParameterPath[];

function checkTogether(values: ReadonlyMap<string, unknown>, faults: Pick<Faults, 'geometry' | 'maxReferenceImages'>): RunwareError[] {
  const [width, height, references] = [values.get('width'), values.get('height'), values.get('inputs.referenceImages')];
  const hasSize = width !== undefined || height !== undefined;
  const hasReferences = Array.isArray(references) && references.length > 0;
  const errors: RunwareError[] = [];
  const report = (path: ParameterPath, code: string, message: string): void => {
    errors.push(errorAbout(path, parameters[path], code, message));
  };

  if (hasSize && (width === undefined || height === undefined)) {
    const missing = width === undefined ? 'width' : 'height';
    report(missing, parameterCode('missing', missing), "'width' and 'height' must be used together.");
  } else if (typeof width === 'number' && typeof height === 'number' && findSize(width, height) === undefined) {
    const allowedValues = sizes.map((size) => `${size.width}x${size.height}`);
    const message = `Unsupported dimensions. 'width' and 'height' must be one of: ${allowedValues.join(', ')}.`;
    errors.push({ ...errorAbout('width', parameters.width, 'unsupportedDimensions', message), allowedValues });
  }
  if (hasSize && values.has('resolution')) {
    report('resolution', 'incompatibleParameters', "'resolution' cannot be used with 'width' and 'height'.");
  }
  if (faults.geometry === 'required' && !hasSize && !hasReferences && !values.has('resolution')) {
    report('width', 'missingWidth', "Either provide 'inputs.referenceImages', or specify 'width' and 'height' or 'resolution'.");
  }
  if (hasReferences && faults.maxReferenceImages > 0 && references.length > faults.maxReferenceImages) {
    const message = `'inputs.referenceImages' must hold at most ${faults.maxReferenceImages} images.`;
    report('inputs.referenceImages', 'maxReferenceImagesExceeded', message);
  }
  return errors;
}

/** Returns the parameters by path; omits a group that is no object, which has its own error. */
function flatten(task: RawTask): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [name, value] of Object.entries(task)) {
    if (!isGroup(name)) values.set(name, value);
    else if (isObject(value)) for (const [inner, innerValue] of Object.entries(value)) values.set(`${name}.${inner}`, innerValue);
  }
  return values;
}

const unknownPaths = (values: ReadonlyMap<string, unknown>): string[] =>
  [...values.keys()].filter((path) => path !== legacyParameter && !Object.hasOwn(parameters, path));

const unknownParameter = (path: string): RunwareError => ({
  code: 'unknownParameter',
  message: `Unknown parameter '${path.slice(0, 64)}'. It is not a parameter of this model.`,
  parameter: path.slice(0, 64),
});

const notAnObject = (group: string): RunwareError => ({
  code: parameterCode('invalid', group),
  message: `Invalid value for '${group}' parameter. It must be an object.`,
  parameter: group,
  type: 'object',
});

const isGroup = (name: string): boolean => groups.some((group) => group === name);

/** Returns true if a value is an object and no array. */
export const isObject = (value: unknown): value is RawTask => typeof value === 'object' && value !== null && !Array.isArray(value);
