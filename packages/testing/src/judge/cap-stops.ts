import { parseUsd } from '@darkroom/contracts';
import type { Evidence, OrderRecord } from './evidence.ts';
import { imageNanoUsdOf, tenantOf } from './order-terms.ts';
import { nothing, sumsByOwner } from './periods.ts';

/** Counts the orders that a cap of their tenant stopped: at the enqueue, or until their deadline passed. */
export function countCapStops({ orders, generations, recorded, ledger }: Evidence): number {
  const capped = (['day', 'month'] as const).flatMap((unit) => {
    const cap = ledger.caps?.[`tenant:${unit}`];
    return cap === undefined ? [] : [{ capNanoUsd: parseUsd(cap), spent: sumsByOwner(ledger, unit) }];
  });
  /** Returns true if no task of the order was sent, and its tenant's spend leaves no room for it at the end. */
  const hasWaitedInVain = (order: OrderRecord): boolean =>
    order.ids.some((id) => generations[id]?.status === 'expired' && !recorded.has(id)) &&
    capped.some(
      ({ capNanoUsd, spent }) =>
        (spent.get(`tenant:${tenantOf(order)}`) ?? nothing).settledNanoUsd + order.images * imageNanoUsdOf(order) > capNanoUsd,
    );
  return orders.filter((order) => order.outcome === 'refused' || hasWaitedInVain(order)).length;
}
