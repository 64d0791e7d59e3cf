import { isObject } from '../validation/check-image-inference.ts';
import type { RunwareError } from '../validation/runware-error.ts';

/**
 * Checks the API key, which is in the header "Authorization: Bearer …" or in a first task of type "authentication" (Runware docs,
 * platform/authentication).
 */
export function checkKey(authorization: string | undefined, first: unknown, expected: string): RunwareError | undefined {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  const given = bearer ?? (isObject(first) && first['taskType'] === 'authentication' ? first['apiKey'] : undefined);
  if (given === expected) return undefined;
  return {
    code: given === undefined ? 'missingApiKey' : 'invalidApiKey',
    message: given === undefined ? 'Missing API key.' : 'Invalid API key.',
    parameter: 'apiKey',
    type: 'string',
    documentation: 'https://runware.ai/docs/platform/authentication',
    taskType: 'authentication',
  };
}
