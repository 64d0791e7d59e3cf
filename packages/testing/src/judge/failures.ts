import { taskIdsOf, type Task, type Tasks } from './billed-tasks.ts';
import type { Evidence, GenerationRecord, OrderRecord } from './evidence.ts';
import { isFinalRefusal, isUnproven } from './unproven.ts';

/** As the product is set in these runs: an image whose first submission failed is bought once more. */
const SUBMISSIONS_PER_IMAGE = 2;
/** Failures of the provider and not of the request, after which another submission may succeed (docs/errors.md). */
const worthAnother: ReadonlySet<string> = new Set(['providerError', 'timeoutProvider']);

/** Looks at each image: the generation is the fold of them, and a late image amends it. */
export function findFailedWrongly(order: OrderRecord, { generations }: Evidence, tasks: Tasks): string[] {
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
        (status === 'unknown' && isUnproven(id, generation, image, tasks, order.isPoisoned));
      if (isRight || hasExcuse) return [];
      const failures = sent.flatMap((task) => task.failures.map(({ code }) => code));
      const why = failures.length === 0 ? 'the provider never refused it' : `the bill holds no more than ${failures.join(', ')}`;
      return [`${id}: image ${index} is ${status} (${generation.status}), and ${why}`];
    });
  });
}

/** By the bill: refused for itself, failed in a way that another purchase would not mend, or failed as often as it may be bought. */
function hasFailedForGood(sent: readonly Task[]): boolean {
  const codes = sent.flatMap(({ failures }) => failures.map(({ code }) => code));
  return (
    sent.some(({ acceptances, refusals }) => acceptances.length === 0 && refusals.some(isFinalRefusal)) ||
    codes.some((code) => !worthAnother.has(code)) ||
    codes.length >= SUBMISSIONS_PER_IMAGE
  );
}

/** Whether its caller wanted it to end: by a cancel, or by a deadline that had passed when it ended. */
const wasAskedToEnd = ({ cancelledAt, deadlineAt }: OrderRecord, { status, finishedAt = 0 }: GenerationRecord): boolean =>
  (status === 'cancelled' && cancelledAt !== undefined) || (status === 'expired' && deadlineAt !== undefined && finishedAt >= deadlineAt);
