import { taskType as purchaseTaskType, type FaultClass, type ProviderFault, type TaskState, type TrailEntry } from '@darkroom/contracts';
import { hasImage, isAbout, readAnswer, type AnswerEntry } from './answer.ts';
import { classifyFault } from './classify.ts';
import type { Exchange } from './exchange.ts';
import { faultOfAnswer, faultOfEntry, type Answered } from './fault.ts';
import type { Redactor } from './redact.ts';
import { factsOf } from './task-facts.ts';

/** Kinds of trouble that end a task. All others may be the poll's own, or pass. */
const terminalOfPoll: ReadonlySet<FaultClass> = new Set<FaultClass>(['safety', 'validation', 'provider', 'timeout']);
/**
 * Details keep the *last* response to an id, and that may be the refusal of a resend while the first send was accepted; what
 * is refused before a task starts is therefore not believed there.
 */
const terminalOfDetails: ReadonlySet<FaultClass> = new Set<FaultClass>(['safety', 'provider', 'timeout']);
/** Kinds with which a request is refused before there is a task. */
const ofRefusals: ReadonlySet<FaultClass> = new Set<FaultClass>(['rate-limit', 'quota', 'auth', 'validation', 'safety', 'not-found']);
/** Kinds that say nothing of whether the provider knows the task, whoever they are said of. */
const ofTheQuestion: ReadonlySet<FaultClass> = new Set<FaultClass>(['rate-limit', 'quota', 'auth', 'not-found']);

/**
 * What an answer to `getResponse` proves. An error there may be about the task or about the poll itself, and both carry the
 * task's id; taking the second for the first would buy an image again that is still being made. So a task has failed only
 * if the error is of a kind that ends tasks *and* is said of the task (`speaksOfTask`). The body is read before the status:
 * HTTP 504 has been met with the final verdict of a task in its body.
 */
export function taskStateOf(exchange: Exchange, taskUUID: string, redactor: Redactor): TaskState {
  if (exchange.kind !== 'answered')
    return { kind: 'inconclusive', fault: { ...exchange.fault, message: redactor.text(exchange.fault.message) }, known: false };
  const entries = exchange.body.kind === 'json' ? readAnswer(exchange.body.value) : undefined;
  return stateOfEntries(entries, { answer: exchange, taskUUID, redactor, terminal: terminalOfPoll });
}

/**
 * What an answer to `getTaskDetails` proves: it holds the last response to the task, in the shape that response had. A null
 * response is no failure, and a conflict says only that the id was sent twice.
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
      ...(outer.kind === 'inconclusive' && outer.fault !== undefined ? { fault: outer.fault } : {}),
    };
  const response = responseOf(details);
  const entries = response === null ? [] : readAnswer(response);
  const state = stateOfEntries(entries ?? [], { answer: exchange, taskUUID, redactor, terminal: terminalOfDetails });
  return state.kind === 'inconclusive' ? { ...state, known: true, shows: shownBy(response, entries ?? [], taskUUID) } : state;
}

/** What a response shows that proves no end. It is a refusal if it holds nothing but errors that a request is refused with. */
function shownBy(response: unknown, entries: readonly AnswerEntry[], taskUUID: string): TrailEntry {
  if (response === null) return 'task';
  const ours = entries.filter((entry) => entry.taskUUID === undefined || isAbout(entry, taskUUID));
  // Also an empty one: it has been met as the acknowledgement of a task.
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

/** One task has one result here, so a success outweighs any error beside it, and a sign of life any error but none of proof. */
function stateOfEntries(entries: readonly AnswerEntry[] | undefined, question: Question): TaskState {
  const { answer, taskUUID, redactor, terminal } = question;
  const ours = (entries ?? []).filter((entry) => isAbout(entry, taskUUID));
  const success = ours.find((entry) => hasImage(entry) && !isStillRunning(entry));
  if (success !== undefined) return { kind: 'succeeded', facts: factsOf(success) };
  // "success" without an image is neither: the task is over, and nothing says where its image is.
  const alive = ours.filter((entry) => !entry.isError);
  if (alive.some((entry) => entry.status?.toLowerCase() !== 'success')) return { kind: 'running' };

  const faults = ours
    .filter((entry) => entry.isError && speaksOfTask(entry))
    .map((entry) => ({ entry, fault: faultOfEntry(entry, redactor, answer.status, false) }));
  const failure = faults.find(({ fault }) => terminal.has(fault.class));
  if (failure !== undefined && alive.length === 0) return { kind: 'failed', fault: failure.fault, facts: factsOf(failure.entry) };
  const fault = firstFault(entries, question);
  const known = alive.length > 0 || faults.some((said) => said.entry.taskType === purchaseTaskType && !ofTheQuestion.has(said.fault.class));
  return { kind: 'inconclusive', known, ...(fault === undefined ? {} : { fault }) };
}

/**
 * Whether an error is about the task, and not about the question how the task stands. Answers carry the original type of the
 * task (Runware docs, platform/task-polling); one that names the question's type is about the question, whatever its status.
 */
function speaksOfTask({ taskType, status, code = '', parameter = '' }: AnswerEntry): boolean {
  if (taskType !== undefined) return taskType === purchaseTaskType;
  // The question has two parameters of its own; what is wrong with them is not wrong with the task.
  return status?.toLowerCase() === 'error' && !/task(uuid|type)$/i.test(code) && !/^task(uuid|type)$/i.test(parameter);
}

/** An image under a status that is neither "success" nor missing is a preview at best: unknown statuses are still running. */
const isStillRunning = ({ status }: AnswerEntry): boolean => status !== undefined && status.toLowerCase() !== 'success';

function firstFault(entries: readonly AnswerEntry[] | undefined, { answer, redactor }: Question): ProviderFault | undefined {
  const error = entries?.find((entry) => entry.isError);
  if (error !== undefined) return faultOfEntry(error, redactor, answer.status, true);
  return entries !== undefined && answer.status >= 200 && answer.status < 300 ? undefined : faultOfAnswer(answer);
}

/** The `response` of a details entry; null if there is none yet, undefined if the entry is not one of details. */
function responseOf({ raw }: AnswerEntry): unknown {
  return typeof raw === 'object' && raw !== null && 'response' in raw ? (raw.response ?? null) : undefined;
}
