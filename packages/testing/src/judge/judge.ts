import { isFinalGeneration, taskUuidOf, type NanoUsd } from '@darkroom/contracts';
import {
  hasEnded,
  MAX_SUBMISSIONS,
  nameOfTask,
  orderedTasksOf,
  taskIdsOf,
  tasksOf,
  type OrderedTasks,
  type Tasks,
} from './billed-tasks.ts';
import { findCapsCrossed } from './caps.ts';
import type { Evidence, OrderRecord } from './evidence.ts';
import { findFailedWrongly } from './failures.ts';
import { findLedgerDifferences } from './ledger.ts';
import { findLost } from './lost.ts';
import { poisonedIdsOf } from './order-terms.ts';
import { findRefusedWrongly } from './refusals.ts';
import { isUnproven } from './unproven.ts';

/** Each of these must be empty or 0. A line names what it is about, so that its cause can be looked for in the logs. */
export interface Judgement {
  /** Billed executions whose bytes are not kept where they belong, and images said to have succeeded that were not billed, kept and recorded. */
  lost: string[];
  /**
   * Executions beyond one for each submission, submissions sent without a terminal verdict on their predecessor, and what was
   * bought beside another of the same idempotency key or for an order that was refused.
   */
  paidTwice: string[];
  /** Not final within the stated time after the faults stopped. */
  stuck: string[];
  /**
   * Failed, expired, lost or unknown although the bill holds a good image or the provider never refused; and orders that were refused
   * for a cap which their tenant cannot have reached.
   */
  failedWrongly: string[];
  /**
   * Ledger minus bill, holds that only an operator can release left out; when these agree, by how much the views of the ledger,
   * the tenants, or else the recorded and the billed costs of submissions differ.
   */
  ledgerDifferenceNanoUsd: NanoUsd;
  /** Days and months, or tenants, whose ledger does not add up. */
  viewDifferences: string[];
  /** Submissions that are recorded to have cost something else than was billed for them. */
  costDifferences: string[];
  /** The most by which a period of the ledger or its part of the bill is above its cap. */
  capCrossedNanoUsd: NanoUsd;
  capsCrossed: string[];
  /** Images of which nobody can know before the horizon: they count for none of the others. */
  unproven: string[];
  /** Those of them whose sends something answered in the place of the provider, as the run had it. */
  blocked: string[];
}

/** Judges a run by its evidence alone. */
export function judge(evidence: Evidence): Judgement {
  const { bill, orders } = evidence;
  const tasks = tasksOf(bill);
  const ordered = orderedTasksOf(orders);
  const { nanoUsd: ledgerDifferenceNanoUsd, views, costs } = findLedgerDifferences(evidence, tasks, ordered);
  const { nanoUsd: capCrossedNanoUsd, lines: capsCrossed } = findCapsCrossed(evidence, tasks, ordered);
  return {
    lost: findLost(evidence, tasks, ordered),
    paidTwice: [
      ...findRepeatedExecutions(tasks, ordered),
      ...findEarlySubmissions(orders, tasks),
      ...findRepeatedOrders(orders, tasks),
      ...findBoughtThoughRefused(tasks, ordered),
    ],
    stuck: [
      ...orders.flatMap((order) => findStuck(order, evidence, tasks)),
      ...evidence.pauses.map((pause) => `all buying is paused at the end: ${pause}`),
    ],
    failedWrongly: [...orders.flatMap((order) => findFailedWrongly(order, evidence, tasks)), ...findRefusedWrongly(evidence, tasks)],
    ledgerDifferenceNanoUsd,
    viewDifferences: views,
    costDifferences: costs,
    capCrossedNanoUsd,
    capsCrossed,
    ...findUnproven(evidence, tasks),
  };
}

/** More than one execution of a submission; one execution is already too much of what nobody ordered. */
const findRepeatedExecutions = (tasks: Tasks, ordered: OrderedTasks): string[] =>
  [...tasks].flatMap(([taskUUID, { executions }]) =>
    executions.slice(ordered.has(taskUUID) ? 1 : 0).map(({ run }) => `${nameOfTask(ordered, taskUUID)}: execution ${run}`),
  );

/** Submissions that were sent before the one before them had ended for good by the bill. */
function findEarlySubmissions(orders: readonly OrderRecord[], tasks: Tasks): string[] {
  const found: string[] = [];
  for (const { ids, images } of orders) {
    for (const generationId of ids) {
      for (let index = 0; index < images; index += 1) {
        for (let n = 2; n <= MAX_SUBMISSIONS; n += 1) {
          const sentAt = tasks.get(taskUuidOf({ generationId, index, n }))?.receipts[0]?.at;
          const before = tasks.get(taskUuidOf({ generationId, index, n: n - 1 }));
          if (sentAt !== undefined && (before === undefined || !hasEnded(before, sentAt)))
            found.push(`${generationId}/${index}-${n}: no terminal verdict on ${index}-${n - 1}`);
        }
      }
    }
  }
  return found;
}

/** One idempotency key bought as several generations. */
const findRepeatedOrders = (orders: readonly OrderRecord[], tasks: Tasks): string[] =>
  orders.flatMap(({ ids, images }) => {
    const bought = ids.filter((generationId) => taskIdsOf(generationId, images).some((id) => (tasks.get(id)?.executions.length ?? 0) > 0));
    return bought.slice(1).map((id) => `${id}: bought although ${bought[0] ?? ''} has the same idempotency key`);
  });

/** Its caller was told that nothing is bought, and may have ordered it elsewhere. */
const findBoughtThoughRefused = (tasks: Tasks, ordered: OrderedTasks): string[] =>
  [...tasks.keys()].flatMap((taskUUID) => {
    const { name, order } = ordered.get(taskUUID) ?? {};
    return order?.outcome === 'refused' ? [`${name}: sent although its order was refused`] : [];
  });

function findUnproven({ generations, orders }: Evidence, tasks: Tasks): { unproven: string[]; blocked: string[] } {
  const poisoned = poisonedIdsOf(orders);
  const found = Object.entries(generations).flatMap(([id, generation]) =>
    (generation?.images ?? [])
      .filter((image) => generation !== null && isUnproven(id, generation, image, tasks, poisoned.has(id)))
      .map(({ index, submissionStatus, submissions, code }) => ({
        isBlocked: poisoned.has(id),
        line: `${id}/${index}-${submissions}: ${code ?? submissionStatus}`,
      })),
  );
  return { unproven: found.map(({ line }) => line), blocked: found.filter(({ isBlocked }) => isBlocked).map(({ line }) => line) };
}

/** Whether its caller may give an order up: it was cancelled, or its deadline had passed by then (by the last line of the bill, where that is not known). */
const wasUnwanted = ({ cancelledAt, deadlineAt, endedAt }: OrderRecord, bill: Evidence['bill']): boolean =>
  cancelledAt !== undefined || (deadlineAt !== undefined && deadlineAt <= (endedAt ?? bill.at(-1)?.at ?? 0));

const isLive = (submissionStatus: string): boolean => ['planned', 'committed', 'accepted'].includes(submissionStatus);

function findStuck(order: OrderRecord, { generations, recorded, bill }: Evidence, tasks: Tasks): string[] {
  const { ids, outcome, surprise } = order;
  const name = ids.join(' ');
  if (surprise !== undefined) return [`${name}: its caller was told "${surprise}"`];
  const isGone = ids.every((id) => !generations[id] && !recorded.has(id));
  if (isGone && (outcome === 'final' || outcome === 'given-up') && !wasUnwanted(order, bill))
    return [`${name}: nothing of it is left, and its caller neither cancelled it nor set a deadline that had passed`];
  const found = ids.flatMap((id) => {
    const generation = generations[id] ?? undefined;
    // Nothing of it was bought, so that a Redis which forgot it owes nothing: its caller did not want it any more, or asks again.
    if (generation === undefined) return recorded.has(id) ? [`${id}: S3 remembers it and Redis does not`] : [];
    const live = generation.images.filter(({ submissionStatus }) => isLive(submissionStatus));
    const proven = live.filter((image) => !isUnproven(id, generation, image, tasks, order.isPoisoned));
    if (!isFinalGeneration(generation.status) && (live.length === 0 || proven.length > 0)) return [`${id}: is ${generation.status}`];
    return proven.map(
      ({ index, submissionStatus }) => `${id}: is ${generation.status}, and the submission of image ${index} is ${submissionStatus}`,
    );
  });
  // Whoever waits for what nobody can know yet is told at the horizon.
  const isAwaited = ids.some((id) => generations[id] && !isFinalGeneration(generations[id].status));
  return found.length === 0 && outcome === 'open' && !isAwaited ? [`${name}: its caller was never told that it is over`] : found;
}
