import { canReadUrl } from '@darkroom/contracts';
import type { Parameter } from '@darkroom/contracts';
import { isReferenceImage } from './reference-image.ts';
import { documentationOf, parameterCode, type RunwareError } from './runware-error.ts';

/** Checks one value against its row of the page. @param value Undefined if the parameter is absent. */
export function checkParameter(path: string, rule: Parameter, value: unknown): RunwareError | undefined {
  if (value === undefined) {
    return rule.required ? errorAbout(path, rule, parameterCode('missing', path), `Missing required parameter '${path}'.`) : undefined;
  }
  const demand = findBrokenDemand(rule, value);
  if (demand === undefined) return undefined;
  return errorAbout(path, rule, parameterCode('invalid', path), `Invalid value for '${path}' parameter. It must be ${demand}.`);
}

/** Returns the rule that a value breaks, to follow "must be". Messages never repeat the value: it may be a prompt or a presigned URL. */
function findBrokenDemand(rule: Parameter, value: unknown): string | undefined {
  switch (rule.type) {
    case 'fixed':
      return value === rule.value ? undefined : `'${rule.value}'`;
    case 'choice':
      return typeof value === 'string' && rule.values.includes(value) ? undefined : `one of: ${rule.values.join(', ')}`;
    case 'integer': {
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = rule;
      return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? undefined : describeRange(rule);
    }
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'text':
      return typeof value === 'string' && value.length >= rule.minLength ? undefined : `a string of at least ${rule.minLength} character`;
    case 'uuid-v4':
      return isUuidV4(value) ? undefined : 'a UUID v4';
    case 'url':
      return typeof value === 'string' && isHttpUrl(value) ? undefined : 'an http or https URI';
    case 'image-list':
      return Array.isArray(value) && value.every(isReferenceImage)
        ? undefined
        : 'an array of strings, each an image UUID, an http or https URL, a data URI or base64';
  }
}

function describeRange({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return `an integer between ${min} and ${max}`;
  return min === undefined ? 'an integer' : `an integer of at least ${min}`;
}

/** Builds an error about a parameter, with the rules of the page for it. */
export function errorAbout(path: string, rule: Parameter, code: string, message: string): RunwareError {
  return {
    code,
    message,
    parameter: path,
    type: rule.type === 'integer' || rule.type === 'boolean' ? rule.type : rule.type === 'image-list' ? 'array' : 'string',
    ...('min' in rule && rule.min !== undefined && { min: rule.min }),
    ...('max' in rule && rule.max !== undefined && { max: rule.max }),
    ...(rule.type === 'text' && { min: rule.minLength }),
    ...(rule.type === 'choice' && { allowedValues: rule.values }),
    ...(rule.type === 'fixed' && { allowedValues: [rule.value] }),
    documentation: documentationOf(path),
  };
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Returns true if a value is a UUID v4, as the page requires of `taskUUID`. */
export const isUuidV4 = (value: unknown): value is string => typeof value === 'string' && UUID_V4.test(value);

const isHttpUrl = (text: string): boolean => /^https?:\/\//i.test(text) && canReadUrl(text);
