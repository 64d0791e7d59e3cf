import { taskIdsOf, type Task, type Tasks } from './billed-tasks.ts';
import type { Evidence, GenerationRecord, OrderRecord } from './evidence.ts';
import { wasNotBoughtAgain } from './retries.ts';
import { isFinalRefusal, isUnproven, sendsOf } from './unproven.ts';

/** The limit of the product in these runs: an image whose first submission failed is bought once more. */
const SUBMISSIONS_PER_IMAGE = 2;
/** Failures of the provider, not of the request: another submission may succeed (docs/errors.md). */
const worthAnother: ReadonlySet<string> = new Set(['providerError', 'timeoutProvider']);

/** Checks each image of an order: the status of a generation follows from its images, and a late image amends it. */
export function findFailedWrongly(order: OrderRecord, { generations, erased }: Evidence, tasks: Tasks): string[] {
  return order.ids.flatMap((id) => {
    const generation = generations[id] ?? undefined;
    if (generation === undefined) return [];
    const hasExcuse = wasAskedToEnd(order, generation);
    return generation.images.flatMap((image) => {
      const { index, status } = image;
      if (status === 'succeeded' || status === 'open') return [];
      const sent = taskIdsOf(id, order.images, index).flatMap((taskUUID) => tasks.get(taskUUID) ?? []);
      if (sent.some(({ executions }) => executions.length > 0)) return [`${id}: image ${index} is ${status}, and the bill holds it`];
      const isRight =
        (status === 'failed' && hasFailedForGood(sent)) ||
        (status === 'unknown' && isUnproven(id, generation, image, sendsOf(order, id, erased, tasks))) ||
        (status === 'failed' && wasNotBoughtAgain(order, index, image.code, tasks)) ||
        // its caller erased it, and Redis has forgotten that it was cancelled
        (status === 'failed' && image.code === 'submission.request-gone' && erased.has(id));
      if (isRight || hasExcuse) return [];
      const failures = sent.flatMap((task) => task.failures.map(({ code }) => code));
      const why = failures.length === 0 ? 'the provider never refused it' : `the bill holds no more than ${failures.join(', ')}`;
      return [`${id}: image ${index} is ${status} (${generation.status}), and ${why}`];
    });
  });
}

/** Returns true if the bill shows a final failure: a refusal, a failure that no other purchase mends, or as many failures as allowed. */
function hasFailedForGood(sent: readonly Task[]): boolean {
  const codes = sent.flatMap(({ failures }) => failures.map(({ code }) => code));
  return (
    sent.some(({ acceptances, refusals }) => acceptances.length === 0 && refusals.some(isFinalRefusal)) ||
    codes.some((code) => !worthAnother.has(code)) ||
    codes.length >= SUBMISSIONS_PER_IMAGE
  );
}

/** Returns true if the caller wanted the end: it cancelled the order, or set a deadline that had passed. */
const wasAskedToEnd = ({ cancelledAt, deadlineAt }: OrderRecord, { status, finishedAt = 0 }: GenerationRecord): boolean =>
  (status === 'cancelled' && cancelledAt !== undefined) || (status === 'expired' && deadlineAt !== undefined && finishedAt >= deadlineAt);
