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
import type { Evidence, GenerationRecord, OrderRecord } from './evidence.ts';
import { findEventsLost } from './events.ts';
import { findFailedWrongly } from './failures.ts';
import { findLedgerDifferences } from './ledger.ts';
import { findLost } from './lost.ts';
import { findNotificationsLost } from './notifications.ts';
import { poisonedIdsOf } from './order-terms.ts';
import { findPaidAgain, neededNoPurchase } from './retries.ts';
import { findRefusedWrongly } from './refusals.ts';
import { isUnproven, sendsOf } from './unproven.ts';
import { findWithheldShown, findWithheldWrongly } from './withheld.ts';

/** The result: each list must be empty and each amount 0. A line names its subject, so that a reader can find the cause in the logs. */
export interface Judgement {
  /** Billed executions whose bytes are not in their place, and successful images that are not billed, kept and recorded. */
  lost: string[];
  /**
   * Executions beyond one for each submission, submissions sent before a terminal verdict on their predecessor, and purchases beside
   * another with the same idempotency key or for a refused order.
   */
  paidTwice: string[];
  /** Purchases of a retry beside another one of the same image, which its caller asked for. They count in no other figure. */
  paidAgain: string[];
  /** Orders not final within the limit after the last fault. */
  stuck: string[];
  /**
   * Images that failed, expired, were lost or are unknown although the bill holds a good image or no refusal; and orders refused for a
   * cap that their tenant cannot have reached; and images that are withheld although nothing asks for that, or after their release.
   */
  failedWrongly: string[];
  /**
   * Ledger minus bill, without the holds that only an operator can release. If these agree: the differences between the views of the
   * ledger or between tenants, or else between the recorded and the billed costs of submissions.
   */
  ledgerDifferenceNanoUsd: NanoUsd;
  /** Days, months or tenants whose ledger does not add up. */
  viewDifferences: string[];
  /** Submissions whose recorded cost differs from the billed one. */
  costDifferences: string[];
  /** The largest amount by which a period of the ledger, or its part of the bill, exceeds its cap. */
  capCrossedNanoUsd: NanoUsd;
  capsCrossed: string[];
  /** Ends of submissions and generations that no event told a consumer that was killed again and again. */
  eventsLost: string[];
  /** Ends of generations of which the notifier, killed again and again, never told the receiver. */
  notificationsLost: string[];
  /** Places with words or bytes of which callers were told that they are erased. */
  erasedLeft: string[];
  /** Withheld images that a caller saw before their release. */
  withheldShown: string[];
  /** Images whose outcome is unknown until the horizon; they count in no other figure. */
  unproven: string[];
  /** Those among them whose sends the run itself answered in the provider's place. */
  blocked: string[];
}

/** Judges a run by its evidence alone. */
export function judge(evidence: Evidence): Judgement {
  const { bill, orders } = evidence;
  const tasks = tasksOf(bill);
  const ordered = orderedTasksOf(orders);
  const { nanoUsd: ledgerDifferenceNanoUsd, views, costs } = findLedgerDifferences(evidence, tasks, ordered);
  const { nanoUsd: capCrossedNanoUsd, lines: capsCrossed } = findCapsCrossed(evidence, tasks, ordered);
  const { unasked, asked } = findPaidAgain(orders, tasks);
  return {
    lost: findLost(evidence, tasks, ordered),
    paidTwice: [
      ...findRepeatedExecutions(tasks, ordered),
      ...findEarlySubmissions(orders, tasks),
      ...findRepeatedOrders(orders, tasks),
      ...findBoughtThoughRefused(tasks, ordered),
      ...unasked,
    ],
    paidAgain: asked,
    stuck: [
      ...orders.flatMap((order) => findStuck(order, evidence, tasks)),
      ...evidence.pauses.map((pause) => `all buying is paused at the end: ${pause}`),
    ],
    failedWrongly: [
      ...orders.flatMap((order) => findFailedWrongly(order, evidence, tasks)),
      ...findRefusedWrongly(evidence, tasks),
      ...findWithheldWrongly(evidence),
    ],
    ledgerDifferenceNanoUsd,
    viewDifferences: views,
    costDifferences: costs,
    capCrossedNanoUsd,
    capsCrossed,
    eventsLost: findEventsLost(evidence),
    notificationsLost: findNotificationsLost(evidence),
    erasedLeft: [...evidence.erasedLeft],
    withheldShown: findWithheldShown(evidence, tasks),
    ...findUnproven(evidence, tasks),
  };
}

/** Finds more than one execution of a submission, and every execution of a task that no caller ordered. */
const findRepeatedExecutions = (tasks: Tasks, ordered: OrderedTasks): string[] =>
  [...tasks].flatMap(([taskUUID, { executions }]) =>
    executions.slice(ordered.has(taskUUID) ? 1 : 0).map(({ run }) => `${nameOfTask(ordered, taskUUID)}: execution ${run}`),
  );

/** Finds submissions sent before the bill shows a final end of their predecessor. */
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

/** Finds idempotency keys with several bought generations. */
const findRepeatedOrders = (orders: readonly OrderRecord[], tasks: Tasks): string[] =>
  orders.flatMap(({ ids, images }) => {
    const bought = ids.filter((generationId) => taskIdsOf(generationId, images).some((id) => (tasks.get(id)?.executions.length ?? 0) > 0));
    return bought.slice(1).map((id) => `${id}: bought although ${bought[0] ?? ''} has the same idempotency key`);
  });

/** Finds purchases for refused orders: the caller may have ordered the image elsewhere. */
const findBoughtThoughRefused = (tasks: Tasks, ordered: OrderedTasks): string[] =>
  [...tasks.keys()].flatMap((taskUUID) => {
    const { name, order } = ordered.get(taskUUID) ?? {};
    return order?.outcome === 'refused' ? [`${name}: sent although its order was refused`] : [];
  });

function findUnproven({ generations, orders, erased }: Evidence, tasks: Tasks): { unproven: string[]; blocked: string[] } {
  const poisoned = poisonedIdsOf(orders);
  const cancelled = new Set(orders.flatMap(({ ids, cancelledAt }) => (cancelledAt === undefined ? [] : ids)));
  const found = Object.entries(generations).flatMap(([id, generation]) =>
    (generation?.images ?? [])
      .filter(
        (image) =>
          generation !== null &&
          isUnproven(id, generation, image, { tasks, isErased: cancelled.has(id) && erased.has(id), isPoisoned: poisoned.has(id) }),
      )
      .map(({ index, submissionStatus, submissions, code }) => ({
        isBlocked: poisoned.has(id),
        line: `${id}/${index}-${submissions}: ${code ?? submissionStatus}`,
      })),
  );
  return { unproven: found.map(({ line }) => line), blocked: found.filter(({ isBlocked }) => isBlocked).map(({ line }) => line) };
}

/** Returns true if the caller may give an order up: it was cancelled, or its deadline passed before its end (else before the bill's end). */
const wasUnwanted = ({ cancelledAt, deadlineAt, endedAt }: OrderRecord, bill: Evidence['bill']): boolean =>
  cancelledAt !== undefined || (deadlineAt !== undefined && deadlineAt <= (endedAt ?? bill.at(-1)?.at ?? 0));

/** Time in which a caller surely learns of an end. */
const TOLD_WITHIN_MS = 1000;

/** Returns true if a generation ended when the run had ended for its caller, such as at its horizon. */
const endedLater = ({ finishedAt }: GenerationRecord, { stoppedAt }: OrderRecord): boolean =>
  finishedAt !== undefined && stoppedAt !== undefined && finishedAt > stoppedAt - TOLD_WITHIN_MS;

const isLive = (submissionStatus: string): boolean => ['planned', 'committed', 'accepted'].includes(submissionStatus);

function findStuck(order: OrderRecord, evidence: Evidence, tasks: Tasks): string[] {
  const { generations, recorded, erased, bill } = evidence;
  const { ids, outcome, surprise } = order;
  const name = ids.join(' ');
  if (surprise !== undefined) return [`${name}: its caller got "${surprise}"`];
  const isGone = ids.every((id) => !generations[id] && !recorded.has(id));
  if (isGone && (outcome === 'final' || outcome === 'given-up') && !wasUnwanted(order, bill) && !neededNoPurchase(order, evidence))
    return [
      `${name}: nothing of it is left, and its caller neither cancelled it nor set a deadline that had passed (it is ${outcome}${order.isByHttp === true ? ', by HTTP' : ''}${order.retryOf === undefined ? '' : ', a retry'})`,
    ];
  const found = ids.flatMap((id) => {
    const generation = generations[id] ?? undefined;
    // No task of it was bought, so Redis may forget it: its caller no longer wants it, or asks again.
    if (generation === undefined) return recorded.has(id) ? [`${id}: S3 remembers it and Redis does not`] : [];
    const live = generation.images.filter(({ submissionStatus }) => isLive(submissionStatus));
    const proven = live.filter((image) => !isUnproven(id, generation, image, sendsOf(order, id, erased, tasks)));
    if (!isFinalGeneration(generation.status) && (live.length === 0 || proven.length > 0)) return [`${id}: is ${generation.status}`];
    return proven.map(
      ({ index, submissionStatus }) => `${id}: is ${generation.status}, and the submission of image ${index} is ${submissionStatus}`,
    );
  });
  // A caller who waits for an unknown outcome gets the answer at the horizon.
  const isAwaited = ids.some((id) => generations[id] && (!isFinalGeneration(generations[id].status) || endedLater(generations[id], order)));
  return found.length === 0 && outcome === 'open' && !isAwaited ? [`${name}: its caller never learned that it has ended`] : found;
}
