import { isDeepStrictEqual } from 'node:util';
import { defined, parseRetryAfter, type ProviderFault, type SubmitVerdict, type TaskState } from '@darkroom/contracts';
import { readAnswer, type AnswerEntry } from '../answer.ts';
import { parseDelivery } from '../delivery.ts';
import { MAX_RETRY_AFTER_MS, type Exchange } from '../exchange.ts';
import { createRedactor } from '../redact.ts';
import { submitVerdictOf } from '../submit-verdict.ts';
import { taskStateOf, taskStateOfDetails } from '../task-state.ts';
import type { Json, RecordedBody, RecordedExchange, Transcript } from './transcript.ts';

/** An exchange before its meaning is read. */
export type UnreadExchange = Pick<RecordedExchange, 'request' | 'answer' | 'startedAt'>;

/** Returns our parsers' reading of a recorded exchange: the verdict, state or delivery, and each known field. */
export function meaningOf({ request, answer, startedAt }: UnreadExchange): Json {
  if (request.from === 'provider')
    return toJson(request.body.kind === 'json' ? { delivery: parseDelivery(request.body.value) } : { upload: request.body.kind });
  if (request.method === 'GET') return { isImage: answer.kind === 'answered' && answer.status === 200 };
  const exchange = exchangeOf(answer, Date.parse(startedAt));
  const tasks = tasksOf(request.body);
  return toJson({
    tasks: tasks.map((task) => meaningOfTask(task, exchange)),
    entries: exchange.kind === 'answered' && exchange.body.kind === 'json' ? (readAnswer(exchange.body.value) ?? []).map(fieldsOf) : [],
  });
}

/** Compares every exchange with its recorded meaning. @returns one line for each that is now read differently. */
export const findChangedMeanings = ({ exchanges }: Transcript): string[] =>
  exchanges.flatMap((exchange, index) => {
    const now = meaningOf(exchange);
    return isDeepStrictEqual(now, exchange.meaning)
      ? []
      : [`exchange ${index} (${exchange.step}): recorded ${JSON.stringify(exchange.meaning)}, read now ${JSON.stringify(now)}`];
  });

interface RecordedTask {
  taskType: string;
  taskUUID: string;
}

function meaningOfTask({ taskType, taskUUID }: RecordedTask, exchange: Exchange): unknown {
  const redactor = createRedactor([]);
  switch (taskType) {
    case 'getResponse':
      return { state: withShortFault(taskStateOf(exchange, taskUUID, redactor)) };
    case 'getTaskDetails':
      return { state: withShortFault(taskStateOfDetails(exchange, taskUUID, redactor)) };
    default:
      return { verdict: withShortFault(submitVerdictOf(exchange, taskUUID, redactor)) };
  }
}

/** Keeps class and code of a fault, which decide; its text is the provider's prose. */
const withShortFault = (value: SubmitVerdict | TaskState): unknown => {
  const fault: ProviderFault | undefined = 'fault' in value ? value.fault : undefined;
  return fault === undefined ? value : { ...value, fault: { class: fault.class, code: fault.code } };
};

const fieldsOf = ({ raw: _, ...fields }: AnswerEntry): unknown => fields;

function exchangeOf(answer: RecordedExchange['answer'], startedAt: number): Exchange {
  if (answer.kind !== 'answered') return { kind: answer.kind, fault: { class: 'network', code: answer.code, message: 'no answer came' } };
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], startedAt, MAX_RETRY_AFTER_MS);
  const { body } = answer;
  return {
    kind: 'answered',
    status: answer.status,
    ...defined({ retryAfterMs }),
    body: body.kind === 'json' || body.kind === 'unreadable' ? body : { kind: 'unreadable', reason: 'not JSON' },
  };
}

const tasksOf = (body: RecordedBody): RecordedTask[] =>
  (body.kind === 'json' ? (readAnswer(body.value) ?? []) : []).map(({ taskType = '', taskUUID = '' }) => ({ taskType, taskUUID }));

/** Drops what JSON cannot hold, so that a fresh meaning can be compared with one from a file. */
const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json; // as: JSON.parse returns JSON
