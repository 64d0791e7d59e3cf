import {
  DarkroomError,
  defined,
  EnqueueManyError,
  errorCodes,
  GenerationIdError,
  InvalidRequestError,
  QueueUnavailableError,
  RetryRefusedError,
  SpendCapError,
  StorageError,
  type ErrorCode,
  type Problem,
} from '@darkroom/contracts';
import { ApiError } from './api-error.ts';
import { statusOf } from './statuses.ts';

/** An error as HTTP tells it (RFC 9457). */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  retryable: boolean;
  requestId: string;
  [more: string]: unknown;
}

/** Names a kind of problem. A name and no address: the page of the codes lies where an operator puts it. */
const typeOf = (code: ErrorCode): string => `urn:darkroom:error:${code}`;

/** Seconds after which a caller tries again when the stores are away. */
const RETRY_SECONDS = 1;

/** Builds the answer to an error; one that is not of Darkroom is a bug of ours, whose words are not repeated. */
export function problemOf(error: unknown, requestId: string): { problem: ProblemDocument; headers: Record<string, string> } {
  const known = error instanceof DarkroomError ? error : new ApiError('api.failed', 'the API failed');
  const status = statusOfError(known);
  const { code, retryable } = known;
  const problem: ProblemDocument = {
    type: typeOf(code),
    title: errorCodes[code],
    status,
    // The words of a bug, and those about a damaged entry, are for operators.
    detail: status === 500 ? `the API failed; its operator finds the reason under the request id ${requestId}` : firstLine(known.message),
    code,
    retryable,
    requestId,
    ...factsOf(known),
  };
  return { problem, headers: headersOf(known, status) };
}

/** Returns the status of an error; that of a batch is the one of the error that stopped it. */
function statusOfError(error: DarkroomError): number {
  if (error instanceof EnqueueManyError && error.cause instanceof DarkroomError) return statusOf(error.cause.code);
  return statusOf(error.code);
}

function factsOf(error: DarkroomError): Record<string, unknown> {
  const { generationId } = error.details;
  if (error instanceof InvalidRequestError)
    return { problems: error.problems.map(inWordsOfHttp), problemCount: error.problemCount, ...defined({ generationId }) };
  if (error instanceof ApiError) return defined({ problems: error.problems, problemCount: error.problems?.length });
  if (error instanceof QueueUnavailableError)
    return { reached: error.reached, ...defined({ generationId: error.generationId ?? generationId }) };
  if (error instanceof StorageError) return { reached: error.reached, ...defined({ generationId }) };
  if (error instanceof SpendCapError) return { resetsAt: new Date(error.resetsAt).toISOString() };
  if (error instanceof GenerationIdError) return { redisTime: new Date(error.redisTime).toISOString() };
  if (error instanceof RetryRefusedError) return { images: error.images };
  if (error instanceof EnqueueManyError) {
    const { generationIds, written, maybeWritten, notWritten, cause } = error;
    const first =
      cause instanceof DarkroomError ? { cause: { code: cause.code, detail: firstLine(cause.message), ...factsOf(cause) } } : {};
    return {
      generationIds,
      written,
      maybeWritten,
      notWritten,
      reached: written.length > 0 ? 'yes' : maybeWritten.length > 0 ? 'maybe' : 'no',
      ...first,
    };
  }
  return defined({ generationId });
}

const MOMENT = 'must be a time in ISO 8601, such as "2026-11-30T12:00:00Z"';
/** Times of bodies, with what stands behind the rule of their form. */
const moments = new Map([
  ['deadlineAt', ', in the future'],
  ['runAt', ', in the next 30 days'],
  ['since', ''],
]);

/** Writes a problem of the library in the words of HTTP, where options are fields of the body and times are text. */
function inWordsOfHttp({ path, message, given }: Problem): Problem {
  const isHeader = path === 'options.idempotencyKey' && !message.startsWith('is not an option');
  const inBody = isHeader ? 'Idempotency-Key' : path.replace(/^(?:(?:options|which)\.?|endpoint(?:\.|$))/, '');
  const isMoment = moments.has(inBody) && /^must be a (Date|time in the next)/.test(message);
  const words = isMoment
    ? `${MOMENT}${moments.get(inBody) ?? ''}`
    : message.replaceAll(/(options|which)\./g, '').replaceAll('a Date, or whole milliseconds since 1970', 'a time in ISO 8601');
  return { path: inBody, message: words, ...(isMoment ? {} : defined({ given })) };
}

function headersOf(error: DarkroomError, status: number): Record<string, string> {
  const after = error instanceof ApiError ? error.retryAfterSeconds : undefined;
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(status === 401 && { 'www-authenticate': 'Bearer realm="darkroom"' }),
    ...((status === 503 || status === 429) && { 'retry-after': String(after ?? RETRY_SECONDS) }),
  };
}

/** The lines behind the first list problems, which stand in the answer by themselves. */
const firstLine = (message: string): string => message.split('\n', 1)[0] ?? '';
