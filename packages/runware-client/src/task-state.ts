import {
  defined,
  taskType as purchaseTaskType,
  type FaultClass,
  type ProviderFault,
  type TaskState,
  type TrailEntry,
} from '@darkroom/contracts';
import { hasImage, isAbout, readAnswer, type AnswerEntry } from './answer.ts';
import { classifyFault } from './classify.ts';
import type { Exchange } from './exchange.ts';
import { faultOfAnswer, faultOfEntry, type Answered } from './fault.ts';
import type { Redactor } from './redact.ts';
import { factsOf } from './task-facts.ts';

/** Classes of faults that end a task. All others may concern the poll itself, or pass. */
const terminalOfPoll: ReadonlySet<FaultClass> = new Set<FaultClass>(['safety', 'validation', 'provider', 'timeout']);
/**
 * Details keep the *last* response to an id, which may be the refusal of a resend although the first send was accepted. So a refusal
 * before the task starts does not count there.
 */
const terminalOfDetails: ReadonlySet<FaultClass> = new Set<FaultClass>(['safety', 'provider', 'timeout']);
/** Classes with which a request is refused before a task exists. */
const ofRefusals: ReadonlySet<FaultClass> = new Set<FaultClass>(['rate-limit', 'quota', 'auth', 'validation', 'safety', 'not-found']);
/** Classes that do not tell if the provider knows the task, even when they name it. */
const ofTheQuestion: ReadonlySet<FaultClass> = new Set<FaultClass>(['rate-limit', 'quota', 'auth', 'not-found']);

/**
 * Interprets an answer to `getResponse`. An error there may be about the task or about the poll itself, and both carry the task's id;
 * mistaking a fault of the poll for one of the task would buy an image again that is still being made. So a task has failed only if the
 * class of the error ends tasks *and* the error is about the task (`speaksOfTask`). The body is read before the status: HTTP 504 has been
 * met with the final verdict of a task in its body.
 */
export function taskStateOf(exchange: Exchange, taskUUID: string, redactor: Redactor): TaskState {
  if (exchange.kind !== 'answered')
    return { kind: 'inconclusive', fault: { ...exchange.fault, message: redactor.text(exchange.fault.message) }, known: false };
  const entries = exchange.body.kind === 'json' ? readAnswer(exchange.body.value) : undefined;
  return stateOfEntries(entries, { answer: exchange, taskUUID, redactor, terminal: terminalOfPoll });
}

/**
 * Interprets an answer to `getTaskDetails`: it holds the last response to the task, in that response's shape. A null response is no
 * failure, and a conflict proves only that the id was sent twice.
 */
export function taskStateOfDetails(exchange: Exchange, taskUUID: string, redactor: Redactor): TaskState {
  const outer = taskStateOf(exchange, taskUUID, redactor);
  if (exchange.kind !== 'answered' || exchange.body.kind !== 'json') return outer;
  const details = (readAnswer(exchange.body.value) ?? []).find((entry) => isAbout(entry, taskUUID) && responseOf(entry) !== undefined);
  // Without a `response` the answer is an error about the question, which proves as little as one about a poll.
  if (details === undefined)
    return {
      kind: 'inconclusive',
      known: false,
      ...defined({ fault: outer.kind === 'inconclusive' ? outer.fault : undefined }),
    };
  const response = responseOf(details);
  const entries = response === null ? [] : readAnswer(response);
  const state = stateOfEntries(entries ?? [], { answer: exchange, taskUUID, redactor, terminal: terminalOfDetails });
  return state.kind === 'inconclusive' ? { ...state, known: true, shows: shownBy(response, entries ?? [], taskUUID) } : state;
}

/** Interprets a response that proves no end. It is a refusal if all its errors are those with which requests are refused. */
function shownBy(response: unknown, entries: readonly AnswerEntry[], taskUUID: string): TrailEntry {
  if (response === null) return 'task';
  const ours = entries.filter((entry) => entry.taskUUID === undefined || isAbout(entry, taskUUID));
  // An empty response counts too: it has been met as the acknowledgement of a task.
  if (ours.length === 0 || ours.some((entry) => !entry.isError)) return 'task';
  const classes = ours.map(({ code }) => classifyFault({ code }));
  if (classes.includes('conflict')) return 'conflict';
  return classes.every((each) => ofRefusals.has(each)) ? 'refusal' : 'other';
}

interface Question {
  answer: Answered;
  taskUUID: string;
  redactor: Redactor;
  terminal: ReadonlySet<FaultClass>;
}

/**
 * Interprets the entries about one task. A task has one result here, so a success outweighs any error beside it, and a running entry
 * outweighs any error.
 */
function stateOfEntries(entries: readonly AnswerEntry[] | undefined, question: Question): TaskState {
  const { answer, taskUUID, redactor, terminal } = question;
  const ours = (entries ?? []).filter((entry) => isAbout(entry, taskUUID));
  const success = ours.find((entry) => hasImage(entry) && !isStillRunning(entry));
  if (success !== undefined) return { kind: 'succeeded', facts: factsOf(success) };
  // "success" without an image is neither: the task has ended, and its image is unknown.
  const alive = ours.filter((entry) => !entry.isError);
  if (alive.some((entry) => entry.status?.toLowerCase() !== 'success')) return { kind: 'running' };

  const faults = ours
    .filter((entry) => entry.isError && speaksOfTask(entry))
    .map((entry) => ({ entry, fault: faultOfEntry(entry, redactor, answer.status, false) }));
  const failure = faults.find(({ fault }) => terminal.has(fault.class));
  if (failure !== undefined && alive.length === 0) return { kind: 'failed', fault: failure.fault, facts: factsOf(failure.entry) };
  const fault = firstFault(entries, question);
  const known = alive.length > 0 || faults.some((said) => said.entry.taskType === purchaseTaskType && !ofTheQuestion.has(said.fault.class));
  return { kind: 'inconclusive', known, ...defined({ fault }) };
}

/**
 * Returns true if an error is about the task, and not about the question. Answers carry the original type of the task (Runware docs,
 * platform/task-polling); an error with the question's type is about the question, whatever its status.
 */
function speaksOfTask({ taskType, status, code = '', parameter = '' }: AnswerEntry): boolean {
  if (taskType !== undefined) return taskType === purchaseTaskType;
  // The question has two parameters of its own; a fault in them is no fault of the task.
  return status?.toLowerCase() === 'error' && !/task(uuid|type)$/i.test(code) && !/^task(uuid|type)$/i.test(parameter);
}

/** Returns true for an image with a status other than "success": at best a preview, because unknown statuses count as running. */
const isStillRunning = ({ status }: AnswerEntry): boolean => status !== undefined && status.toLowerCase() !== 'success';

function firstFault(entries: readonly AnswerEntry[] | undefined, { answer, redactor }: Question): ProviderFault | undefined {
  const error = entries?.find((entry) => entry.isError);
  if (error !== undefined) return faultOfEntry(error, redactor, answer.status, true);
  return entries !== undefined && answer.status >= 200 && answer.status < 300 ? undefined : faultOfAnswer(answer);
}

/** Returns the `response` of a details entry; null if there is none yet, undefined if the entry is not one of details. */
function responseOf({ raw }: AnswerEntry): unknown {
  return typeof raw === 'object' && raw !== null && 'response' in raw ? (raw.response ?? null) : undefined;
}
