import { types } from 'node:util';
import { MAX_TAGS, notificationTypes, readOptions, type ProblemList } from '@darkroom/contracts';

/**
 * Reads the options of a call, and appends the problems of their names. Times become numbers, tags and metadata copies: the caller could change
 * them during the call.
 * @param known Names that the call takes.
 */
export function readCallOptions<Options extends object>(
  given: Options,
  known: readonly string[],
  problems: ProblemList,
): Options | undefined {
  const options = readOptions(given, { path: 'options', known, otherNames }, problems);
  if (options === undefined) return undefined;
  return Object.fromEntries(Object.entries(options).map(([name, value]: [string, unknown]) => [name, copyOf(name, value)])) as Options; // every option that takes a Date takes milliseconds too
}

/** More than any list of an option may hold. */
const MOST_COPIED = Math.max(MAX_TAGS, notificationTypes.length);

function copyOf(name: string, value: unknown): unknown {
  if (types.isDate(value)) return value.getTime();
  // no copy of a list that is refused for its length
  if (['tags', 'webhookEvents'].includes(name) && Array.isArray(value) && value.length <= MOST_COPIED) return [...(value as unknown[])];
  return name === 'metadata' && typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : value;
}

/** Names of these options in other queues and APIs, in lower case. */
const otherNames = {
  delay: 'runAt',
  scheduledfor: 'runAt',
  startafter: 'runAt',
  jobid: 'generationId',
  id: 'generationId',
  dedupkey: 'idempotencyKey',
  deadline: 'deadlineAt',
  expiresat: 'deadlineAt',
  ttl: 'deadlineAt',
  webhook: 'webhookURL',
  callbackurl: 'webhookURL',
  webhookeventsfilter: 'webhookEvents',
};
