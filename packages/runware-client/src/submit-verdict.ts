import type { ProviderFault, SubmitVerdict } from '@darkroom/contracts';
import { isAbout, readAnswer, type AnswerEntry } from './answer.ts';
import { classifyFault } from './classify.ts';
import type { Exchange } from './exchange.ts';
import { faultOfAnswer, faultOfEntry, type Answered } from './fault.ts';
import type { Redactor } from './redact.ts';

/**
 * What a POST of a purchase means. Only a refusal in so many words is a refusal: whatever could be said by something between
 * us and the provider, or after it had taken the task, is `unknown`, because a task that may have been accepted must not be
 * bought again (I2). The body is read before the status: errors come with HTTP 200 as well (Runware docs, platform/errors).
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
  const entries = answer.body.kind === 'json' ? readAnswer(answer.body.value) : undefined;
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
    // Acknowledged and refused in one breath: nobody knows, so it is looked for.
    return doubtful ?? (acknowledged ? unknownVerdict(answer, faultOf(errors[0], answer, redactor)) : first);
  }
  // Also `{data: []}` and `{}`: both have been met as acknowledgements.
  if (isSuccess(answer.status) && entries !== undefined) return { kind: 'accepted' };
  return verdictOfStatus(answer, faultOfAnswer(answer));
}

function verdictOfError(error: AnswerEntry, answer: Answered, redactor: Redactor): SubmitVerdict {
  const fault = faultOf(error, answer, redactor);
  // An error without a code is nobody's in particular: a gateway writes `{"error": "Not Found"}` as well.
  if (error.code === undefined || error.code === '') return verdictOfStatus(answer, fault);
  // A code that nobody knows is a refusal only of the task that it names: what answers under a wrong address has codes as well.
  if (classifyFault({ code: error.code }) === 'unknown' && error.taskUUID === undefined) return verdictOfStatus(answer, fault);
  switch (fault.class) {
    case 'conflict':
      return { kind: 'conflict', fault };
    case 'validation':
    case 'safety':
    case 'not-found':
      return { kind: 'refused', fault };
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

/** The statuses that refuse by themselves, whatever the body holds; they say nothing against the request. */
function verdictOfStatus(answer: Answered, fault: ProviderFault): SubmitVerdict {
  switch (answer.status) {
    case 429:
      return { kind: 'throttled', fault: { ...fault, class: 'rate-limit' }, ...waitOf(answer) };
    case 401:
    case 403:
      return { kind: 'account', fault: { ...fault, class: 'auth' } };
    case 402:
      return { kind: 'account', fault: { ...fault, class: 'quota' } };
    default:
      return unknownVerdict(answer, fault);
  }
}

// 503 and 504 are Runware's words for a queue that is full or too slow (Runware docs, platform/rate-limits).
const unknownVerdict = (answer: Answered, fault: ProviderFault): SubmitVerdict =>
  answer.status === 503 || answer.status === 504
    ? { kind: 'unknown', fault, throttle: true, ...waitOf(answer) }
    : { kind: 'unknown', fault };

const isSuccess = (status: number): boolean => status >= 200 && status < 300;
const waitOf = ({ retryAfterMs }: Answered): { retryAfterMs?: number } => (retryAfterMs === undefined ? {} : { retryAfterMs });
const redacted = (fault: ProviderFault, redactor: Redactor): ProviderFault => ({ ...fault, message: redactor.text(fault.message) });
const faultOf = (error: AnswerEntry | undefined, answer: Answered, redactor: Redactor): ProviderFault =>
  error === undefined ? faultOfAnswer(answer) : faultOfEntry(error, redactor, answer.status, true);
