import { formatUsd, parseUsd, type NanoUsd } from '@darkroom/contracts';
import { taskIdsOf, type Tasks } from './billed-tasks.ts';
import type { Evidence, OrderRecord } from './evidence.ts';
import { imageNanoUsdOf, tenantOf } from './order-terms.ts';

/**
 * Finds orders that were refused for a cap although their tenant cannot have reached it at any time: all that it ever had on hold or
 * paid, and the order beside it, stay under the cap. What its caller was told is no proof: a product that refuses everything would
 * fail nothing else.
 */
export function findRefusedWrongly({ orders, ledger: { caps = {} } }: Evidence, tasks: Tasks): string[] {
  const cap = caps['tenant:day'];
  // Caps of other kinds are wide in these runs, and those that the judge was not told of are none.
  const capNanoUsd = cap === undefined ? Infinity : parseUsd(cap);
  const most = new Map<string, NanoUsd>();
  for (const order of orders) {
    if (order.outcome === 'refused') continue;
    most.set(tenantOf(order), (most.get(tenantOf(order)) ?? 0) + mostOf(order, tasks));
  }
  return orders.flatMap((order) => {
    if (order.outcome !== 'refused') return [];
    const others = most.get(tenantOf(order)) ?? 0;
    return others + priceOf(order) > capNanoUsd
      ? []
      : [`${order.ids.join(' ')}: refused for a cap, and its tenant never had more than ${formatUsd(others)} USD in it`];
  });
}

const priceOf = (order: OrderRecord): NanoUsd => order.images * imageNanoUsdOf(order);

/** The most that an order can have had on hold and paid at once: the price of each submission that was sent, and of one that is planned. */
const mostOf = (order: OrderRecord, tasks: Tasks): NanoUsd =>
  order.ids.reduce((sum, id) => {
    const sent = taskIdsOf(id, order.images).filter((taskUUID) => tasks.has(taskUUID)).length;
    return sum + (sent + order.images) * imageNanoUsdOf(order);
  }, 0);
