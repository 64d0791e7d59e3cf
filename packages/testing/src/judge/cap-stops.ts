import { parseUsd } from '@darkroom/contracts';
import type { Evidence, OrderRecord } from './evidence.ts';
import { imageNanoUsdOf, tenantOf } from './order-terms.ts';
import { nothing, sumsByOwner } from './periods.ts';

/** Counts the orders that the daily cap of their tenant stopped: refused at enqueue, or waited under it until their deadline. */
export function countCapStops({ orders, generations, recorded, ledger }: Evidence): number {
  const cap = ledger.caps?.['tenant:day'];
  const days = sumsByOwner(ledger, 'day');
  /** Nothing of it was sent, and what its tenant has spent by the end leaves no room for it. */
  const hasWaitedInVain = (order: OrderRecord): boolean =>
    cap !== undefined &&
    order.ids.some((id) => generations[id]?.status === 'expired' && !recorded.has(id)) &&
    (days.get(`tenant:${tenantOf(order)}`) ?? nothing).settledNanoUsd + order.images * imageNanoUsdOf(order) > parseUsd(cap);
  return orders.filter((order) => order.outcome === 'refused' || hasWaitedInVain(order)).length;
}
