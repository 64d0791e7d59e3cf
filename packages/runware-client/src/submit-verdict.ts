import { defined, type FaultClass, type ProviderFault, type SubmitVerdict } from '@darkroom/contracts';
import { isAbout, readAnswer, type AnswerEntry } from './answer.ts';
import { classifyFault } from './classify.ts';
import type { Exchange } from './exchange.ts';
import { faultOfAnswer, faultOfEntry, type Answered } from './fault.ts';
import type { Redactor } from './redact.ts';

/**
 * Interprets a POST of a purchase. Only an explicit refusal counts as a refusal. Any answer that could come from something between us and
 * the provider, or from after the provider took the task, is `unknown`, because a task that may have been accepted must not be bought
 * again (I2). A bare status proves nothing: firewalls and gateways answer 401, 403 and 404 as well. The body is read before the status:
 * errors come with HTTP 200 as well (Runware docs, platform/errors).
 */
export function submitVerdictOf(exchange: Exchange, taskUUID: string, redactor: Redactor): SubmitVerdict {
  switch (exchange.kind) {
    case 'not-sent':
      return { kind: 'not-sent', fault: redacted(exchange.fault, redactor) };
    case 'interrupted':
      return { kind: 'unknown', fault: redacted(exchange.fault, redactor) };
    case 'answered':
      return verdictOfAnswer(exchange, taskUUID, redactor);
  }
}

function verdictOfAnswer(answer: Answered, taskUUID: string, redactor: Redactor): SubmitVerdict {
  const value = answer.body.kind === 'json' ? answer.body.value : undefined;
  const entries = readAnswer(value);
  // The request held one task, so an error that names no task is about ours.
  const errors = (entries ?? []).filter((entry) => entry.isError && (entry.taskUUID === undefined || isAbout(entry, taskUUID)));
  if (answer.status >= 500) return unknownVerdict(answer, faultOf(errors[0], answer, redactor));

  const verdicts = errors.map((error) => verdictOfError(error, answer, redactor));
  const conflict = verdicts.find(({ kind }) => kind === 'conflict');
  if (conflict !== undefined) return conflict;
  const acknowledged = (entries ?? []).some((entry) => !entry.isError && isAbout(entry, taskUUID));
  const [first] = verdicts;
  if (first !== undefined) {
    const doubtful = verdicts.find(({ kind }) => kind === 'unknown');
    // Acknowledged and refused in the same answer: the outcome is unknown, so workers look for the task.
    return doubtful ?? (acknowledged ? unknownVerdict(answer, faultOf(errors[0], answer, redactor)) : first);
  }
  if (isSuccess(answer.status) && acknowledged) return { kind: 'accepted' };
  if (isSuccess(answer.status) && isWordless(value)) return { kind: 'unknown', fault: faultOfAnswer(answer), wordless: true };
  return verdictOfStatus(answer, faultOfAnswer(answer));
}

/**
 * True for `{data: []}` and `{}`. Both have been met as acknowledgements, and any JSON API under a wrong address may write them: the
 * questions about the task decide. Any other object may be the greeting of another host.
 */
const isWordless = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  (Object.keys(value).length === 0 || ('data' in value && Array.isArray(value.data) && value.data.length === 0));

function verdictOfError(error: AnswerEntry, answer: Answered, redactor: Redactor): SubmitVerdict {
  const fault = faultOf(error, answer, redactor);
  // An error without a code proves no sender: a gateway writes `{"error": "Not Found"}` as well.
  if (error.code === undefined || error.code === '') return verdictOfStatus(answer, fault);
  // An unknown code is a refusal only of the task that it names: a host under a wrong address has codes as well.
  if (classifyFault({ code: error.code }) === 'unknown' && error.taskUUID === undefined) return verdictOfStatus(answer, fault);
  switch (fault.class) {
    case 'conflict':
      return { kind: 'conflict', fault };
    case 'safety':
      return { kind: 'refused', fault };
    case 'validation':
    case 'not-found':
      // A refused parameter that Darkroom adds to every task is no fault of the order; an operator corrects it, and the order is sent
      // again.
      if (names(error, isOurs)) return { kind: 'throttled', fault };
      // A verdict on the order names the task or a parameter of it: a host under a wrong address has codes as well.
      return error.taskUUID !== undefined || names(error, isOfOrder) ? { kind: 'refused', fault } : verdictOfStatus(answer, fault);
    case 'rate-limit':
      return { kind: 'throttled', fault, ...waitOf(answer) };
    case 'quota':
    case 'auth':
      return { kind: 'account', fault };
    case 'timeout':
    case 'provider':
    case 'server':
    case 'network':
    case 'unknown':
      return verdictOfStatus(answer, fault);
  }
}

/** Interprets a status: a 429 asks for fewer requests, whatever its body; every other status proves nothing by itself. */
function verdictOfStatus(answer: Answered, fault: ProviderFault): SubmitVerdict {
  if (answer.status === 429) return { kind: 'throttled', fault: { ...fault, class: 'rate-limit' }, ...waitOf(answer) };
  return unknownVerdict(answer, fault);
}

function unknownVerdict(answer: Answered, fault: ProviderFault): SubmitVerdict {
  return {
    kind: 'unknown',
    fault,
    ...(isForeign(answer) ? { foreign: true } : {}),
    // Runware answers 503 and 504 when a queue is full or too slow (Runware docs, platform/rate-limits).
    ...(answer.status === 503 || answer.status === 504 ? { throttle: true, ...waitOf(answer) } : {}),
  };
}

/**
 * Returns true if an answer is whole and holds no error with a code of the provider; a code that other hosts use too must also name a task
 * or a parameter. An answer that was cut off says nothing of its sender.
 */
export function isForeign({ body }: Answered): boolean {
  if (body.kind === 'unreadable') return body.reason !== 'cut off';
  return !(readAnswer(body.value) ?? []).some(
    ({ isError, code, taskUUID, parameter }) =>
      isError && code !== undefined && (taskUUID !== undefined || parameter !== undefined || ownClasses.has(classifyFault({ code }))),
  );
}

/** Classes whose codes are the provider's own; "notFound" and "invalidRequest" are common to many hosts. */
const ownClasses: ReadonlySet<FaultClass> = new Set<FaultClass>([
  'conflict',
  'rate-limit',
  'timeout',
  'provider',
  'server',
  'safety',
  'quota',
  'auth',
]);

/** Parameters that Darkroom itself adds to each task (`buildPurchaseTask`). */
const isOurs = (name: string): boolean =>
  ['numberResults', 'outputType', 'ttl', 'includeCost', 'deliveryMethod', 'uploadEndpoint', 'webhookURL'].includes(name);
const isOfOrder = (name: string): boolean =>
  ['taskUUID', 'model', 'positivePrompt', 'width', 'height', 'resolution', 'inputs', 'outputFormat', 'outputQuality', 'safety'].includes(
    name,
  );
/** Returns true if an error is about one of these parameters; "inputs.referenceImages[0]" is about "inputs". */
const names = ({ parameter = '' }: AnswerEntry, among: (name: string) => boolean): boolean =>
  parameter.split(', ').some((path) => among(path.split(/[.[]/)[0] ?? ''));

const isSuccess = (status: number): boolean => status >= 200 && status < 300;
const waitOf = ({ retryAfterMs }: Answered): { retryAfterMs?: number } => defined({ retryAfterMs });
const redacted = (fault: ProviderFault, redactor: Redactor): ProviderFault => ({ ...fault, message: redactor.text(fault.message) });
const faultOf = (error: AnswerEntry | undefined, answer: Answered, redactor: Redactor): ProviderFault =>
  error === undefined ? faultOfAnswer(answer) : faultOfEntry(error, redactor, answer.status, true);
