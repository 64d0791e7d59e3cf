import { parseUsd, taskUuidOf, type NanoUsd } from '@darkroom/contracts';
import type { BillLine, OrderRecord } from './evidence.ts';

/** What the bill says of one task. */
export interface Task {
  receipts: Of<'submission'>[];
  acceptances: Of<'acceptance'>[];
  refusals: Of<'refusal'>[];
  executions: Of<'execution'>[];
  failures: Of<'failure'>[];
  billedNanoUsd: NanoUsd;
}
type Of<Kind extends BillLine['kind']> = Extract<BillLine, { kind: Kind }>;

/** Submissions of one image are looked for up to this number; the product is set to two. */
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

/** `<generationId>/<index>-<n>` of every task that could have been sent. */
export function namesOf(orders: readonly OrderRecord[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { ids, images } of orders) {
    for (const generationId of ids) {
      for (let index = 0; index < images; index += 1) {
        for (let n = 1; n <= MAX_SUBMISSIONS; n += 1) names.set(taskUuidOf({ generationId, index, n }), `${generationId}/${index}-${n}`);
      }
    }
  }
  return names;
}

/**
 * A terminal verdict: the task failed and was not made; or it was never accepted, and was refused for itself or because an earlier
 * refusal had used up its id. Limits, the account and the server's troubles pass.
 */
export function hasEnded({ executions, failures, acceptances, refusals }: Task, by: number): boolean {
  if (executions.length > 0) return false;
  const wasRefused = acceptances.length === 0 && refusals.some(({ at, httpStatus }) => at <= by && httpStatus === 400);
  return wasRefused || failures.some(({ at }) => at <= by);
}

/** The tasks of a generation, or of one of its images. */
export const taskIdsOf = (generationId: string, images: number, only?: number): string[] =>
  Array.from({ length: images }, (_, index) => index)
    .filter((index) => only === undefined || index === only)
    .flatMap((index) => Array.from({ length: MAX_SUBMISSIONS }, (_, at) => taskUuidOf({ generationId, index, n: at + 1 })));
