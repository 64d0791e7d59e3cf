import { defined, InvalidRequestError, type RequestInput } from '@darkroom/contracts';
import type { EnqueueManyOptions, EnqueueOptions } from '@darkroom/producer';

/** Fields of a body that are options of the library; all others are the request to the model. */
const optionNames = [
  'generationId',
  'deadlineAt',
  'runAt',
  'tags',
  'metadata',
  'priority',
  'withholdFlagged',
  'webhookURL',
  'webhookEvents',
] as const;
const listNames = ['generationIds', 'idempotencyKeys'] as const;

/** Splits a body, an object, into request and options. The library checks both, and names all problems at once. */
export function readOrder(body: unknown, idempotencyKey?: string): { request: RequestInput; options: EnqueueOptions } {
  const request = { ...(body as Record<string, unknown>) };
  const options = { ...takeOptions(request, optionNames), ...defined({ idempotencyKey }) };
  return { request: request as RequestInput, options };
}

/**
 * Splits the body of a batch, an object whose `requests` are requests alone.
 * @throws InvalidRequestError if `requests` is empty: the caller has probably lost them.
 */
export function readBatch(body: unknown): { requests: readonly RequestInput[]; options: EnqueueManyOptions } {
  const { requests, ...options } = { ...(body as Record<string, unknown>) };
  if (Array.isArray(requests) && requests.length === 0)
    throw new InvalidRequestError([{ path: 'requests', message: 'must hold at least one request', given: 'an array of 0 items' }], {
      enqueues: true,
    });
  const shared = takeOptions(options, [...optionNames, ...listNames]);
  // Every other field has an unknown name, which the library refuses.
  return { requests: requests as readonly RequestInput[], options: { ...options, ...shared } };
}

function takeOptions(fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const name of names) {
    if (!Object.hasOwn(fields, name)) continue;
    options[name] = name === 'deadlineAt' || name === 'runAt' ? readMoment(fields[name]) : fields[name];
    delete fields[name];
  }
  return options;
}

/** Takes times in a body as text alone, because a number may be seconds. Any other value becomes a time that the library refuses. */
export const readMoment = (value: unknown): Date => new Date(typeof value === 'string' && ISO_8601.test(value) ? value : Number.NaN);

/** With a zone: a time without one would be that of the server. */
export const ISO_8601 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;
