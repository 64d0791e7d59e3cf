import { taskIdsOf, type Tasks } from './billed-tasks.ts';
import type { Evidence, OrderRecord } from './evidence.ts';

/** Returns the tasks of one image of a generation that the provider executed. */
const isBought = (tasks: Tasks, generationId: string, images: number, index: number): boolean =>
  taskIdsOf(generationId, images, index).some((id) => (tasks.get(id)?.executions.length ?? 0) > 0);

/**
 * Finds images of an original that were bought more than once: by itself and by its retries. Each purchase beyond the first belongs to a
 * retry whose caller accepted that, or is one too many. In these runs the provider never makes the image of a task that it reported failed.
 */
export function findPaidAgain(orders: readonly OrderRecord[], tasks: Tasks): { unasked: string[]; asked: string[] } {
  const [unasked, asked]: [string[], string[]] = [[], []];
  const originals = new Map(orders.flatMap((order) => order.ids.map((id) => [id, order] as const)));
  const bought = new Map<string, string>();
  for (const { ids, images, retryOf, mayPayAgain = false } of orders) {
    for (const [index, at] of (retryOf?.images ?? []).entries()) {
      const image = `${retryOf?.id ?? ''}/${at}`;
      const original = originals.get(retryOf?.id ?? '');
      if (original !== undefined && isBought(tasks, retryOf?.id ?? '', original.images, at)) bought.set(image, bought.get(image) ?? image);
      for (const id of ids) {
        if (!isBought(tasks, id, images, index)) continue;
        const before = bought.get(image);
        if (before !== undefined) (mayPayAgain ? asked : unasked).push(`${id}/${index}: bought although ${before} was`);
        bought.set(image, before ?? `${id}/${index}`);
      }
    }
  }
  return { unasked, asked };
}

/**
 * Returns true for a retry of images that earlier attempts brought home, or may have paid for unless its caller accepts that: it ends unsent, and a
 * Redis that goes back forgets it.
 */
export function neededNoPurchase(
  { retryOf, ids, mayPayAgain = false }: OrderRecord,
  { orders, results }: Pick<Evidence, 'orders' | 'results'>,
): boolean {
  if (retryOf === undefined || retryOf.images.length === 0) return false;
  const reasons: readonly unknown[] = mayPayAgain ? ['succeeded'] : ['succeeded', 'lost', 'unknown'];
  return retryOf.images.every((at) =>
    orders.some((other) => {
      const isRetry = other.retryOf?.id === retryOf.id;
      const index = isRetry ? (other.retryOf?.images.indexOf(at) ?? -1) : at;
      if (index < 0 || (!isRetry && !other.ids.includes(retryOf.id)) || other.ids.some((id) => ids.includes(id))) return false;
      return other.ids.some((id) => taskIdsOf(id, other.images, index).some((task) => reasons.includes(results.get(task)?.status)));
    }),
  );
}

/** Returns true for an image of a retry that rightly was not bought: an earlier attempt brought it home, or may have been paid for. */
export function wasNotBoughtAgain({ retryOf, ids, images }: OrderRecord, index: number, code: string | undefined, tasks: Tasks): boolean {
  if (retryOf === undefined || code?.startsWith('retry.') !== true) return false;
  const wasSent = ids.some((id) => taskIdsOf(id, images, index).some((task) => (tasks.get(task)?.acceptances.length ?? 0) > 0));
  return !wasSent;
}
