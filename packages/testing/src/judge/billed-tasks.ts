import { parseUsd, taskUuidOf, type NanoUsd } from '@darkroom/contracts';
import type { BillLine } from './bill.ts';
import type { OrderRecord } from './evidence.ts';

/** One task in the bill. */
export interface Task {
  receipts: Of<'submission'>[];
  acceptances: Of<'acceptance'>[];
  refusals: Of<'refusal'>[];
  executions: Of<'execution'>[];
  failures: Of<'failure'>[];
  billedNanoUsd: NanoUsd;
}
type Of<Kind extends BillLine['kind']> = Extract<BillLine, { kind: Kind }>;

export type Tasks = ReadonlyMap<string, Task>;

/** The judge looks for submissions of an image up to this number. The product allows two; more follow only used-up ids. */
export const MAX_SUBMISSIONS = 12;

/** Adds up the bill by `taskUUID`. */
export function tasksOf(bill: readonly BillLine[]): Map<string, Task> {
  const tasks = new Map<string, Task>();
  for (const line of bill) {
    const task = tasks.get(line.taskUUID) ?? {
      receipts: [],
      acceptances: [],
      refusals: [],
      executions: [],
      failures: [],
      billedNanoUsd: 0,
    };
    tasks.set(line.taskUUID, task);
    if (line.kind === 'submission') task.receipts.push(line);
    if (line.kind === 'acceptance') task.acceptances.push(line);
    if (line.kind === 'refusal') task.refusals.push(line);
    if (line.kind === 'execution') task.executions.push(line);
    if (line.kind === 'failure') task.failures.push(line);
    if ('costUsd' in line) task.billedNanoUsd += parseUsd(line.costUsd);
  }
  return tasks;
}

/** A task that a worker could have sent for an order. */
export interface OrderedTask {
  /** `<generationId>/<index>-<n>` */
  name: string;
  order: OrderRecord;
}

export type OrderedTasks = ReadonlyMap<string, OrderedTask>;

/** Returns every task that a worker could have sent, by its `taskUUID`. */
export function orderedTasksOf(orders: readonly OrderRecord[]): Map<string, OrderedTask> {
  const ordered = new Map<string, OrderedTask>();
  for (const order of orders) {
    for (const generationId of order.ids) {
      for (let index = 0; index < order.images; index += 1) {
        for (let n = 1; n <= MAX_SUBMISSIONS; n += 1)
          ordered.set(taskUuidOf({ generationId, index, n }), { name: `${generationId}/${index}-${n}`, order });
      }
    }
  }
  return ordered;
}

/** Returns a task's name for people. */
export const nameOfTask = (ordered: OrderedTasks, taskUUID: string): string =>
  ordered.get(taskUUID)?.name ?? `task ${taskUUID}, which no caller ordered`;

/**
 * Returns true if a task has a terminal verdict: it failed and made no image; or it was never accepted, and was refused for itself or
 * because an earlier refusal had used up its id. Rate limits, account errors and server errors pass, so they do not count.
 */
export function hasEnded({ executions, failures, acceptances, refusals }: Task, by: number): boolean {
  if (executions.length > 0) return false;
  const wasRefused = acceptances.length === 0 && refusals.some(({ at, httpStatus }) => at <= by && httpStatus === 400);
  return wasRefused || failures.some(({ at }) => at <= by);
}

/** Returns the tasks of a generation, or of one of its images. */
export const taskIdsOf = (generationId: string, images: number, only?: number): string[] =>
  Array.from({ length: images }, (_, index) => index)
    .filter((index) => only === undefined || index === only)
    .flatMap((index) => Array.from({ length: MAX_SUBMISSIONS }, (_, at) => taskUuidOf({ generationId, index, n: at + 1 })));
