import { formatUsd, parseUsd, type NanoUsd } from '@darkroom/contracts';
import { taskIdsOf, type Tasks } from './billed-tasks.ts';
import type { Evidence, OrderRecord } from './evidence.ts';
import { imageNanoUsdOf, tenantOf } from './order-terms.ts';

/**
 * Finds orders refused for a cap that their tenant cannot have reached at any time: all its holds and payments together with the order
 * stay under the cap. The refusal itself is no proof: a product that refuses every order would pass all other checks.
 */
export function findRefusedWrongly({ orders, ledger: { caps = {} } }: Evidence, tasks: Tasks): string[] {
  const cap = caps['tenant:day'];
  // The other caps are wider, and a cap that the evidence lacks does not exist.
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

/** Returns the most that an order can have held and paid at once: the price of each sent submission, and of a planned one for each image. */
const mostOf = (order: OrderRecord, tasks: Tasks): NanoUsd =>
  order.ids.reduce((sum, id) => {
    const sent = taskIdsOf(id, order.images).filter((taskUUID) => tasks.has(taskUUID)).length;
    return sum + (sent + order.images) * imageNanoUsdOf(order);
  }, 0);
