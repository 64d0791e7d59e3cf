import { formatUsd, parseUsd, type NanoUsd } from '@darkroom/contracts';
import type { OrderedTasks, Tasks } from './billed-tasks.ts';
import type { Evidence } from './evidence.ts';
import { tenantOf } from './order-terms.ts';
import { parsePeriod, periodsAt } from './periods.ts';

export interface CapsCrossed {
  /** The most by which a period is above its cap. */
  nanoUsd: NanoUsd;
  lines: string[];
}

/** Compares with the cap of each period what the ledger holds in it, settled and held, and what the bill charged for its tasks. */
export function findCapsCrossed(evidence: Evidence, tasks: Tasks, ordered: OrderedTasks): CapsCrossed {
  const { periods, caps = {} } = evidence.ledger;
  const byLedger = Object.entries(periods).map(([name, sums]) => [name, sums.settledNanoUsd + sums.heldNanoUsd] as const);
  const crossed = [
    ...byLedger.map(([name, nanoUsd]) => ({ name, nanoUsd, by: 'the ledger' })),
    ...[...chargesByPeriod(evidence, tasks, ordered)].map(([name, nanoUsd]) => ({ name, nanoUsd, by: 'the bill' })),
  ].flatMap(({ name, nanoUsd, by }) => {
    const cap = caps[parsePeriod(name).cap];
    const above = cap === undefined ? 0 : nanoUsd - parseUsd(cap);
    return above > 0 ? [{ above, line: `${name}: ${formatUsd(above)} USD above its cap by ${by}` }] : [];
  });
  return { nanoUsd: Math.max(0, ...crossed.map(({ above }) => above)), lines: crossed.map(({ line }) => line) };
}

/** Money belongs to the period in which it was held: a run may go past midnight. What has no record yet, to that of its first send. */
function chargesByPeriod({ results }: Evidence, tasks: Tasks, ordered: OrderedTasks): Map<string, NanoUsd> {
  const charges = new Map<string, NanoUsd>();
  for (const [taskUUID, { billedNanoUsd, receipts }] of tasks) {
    const order = ordered.get(taskUUID)?.order;
    if (order === undefined || billedNanoUsd === 0) continue;
    const held = results.get(taskUUID)?.reservation.periods ?? [];
    const names = held.length > 0 ? held : periodsAt(tenantOf(order), receipts[0]?.at ?? 0);
    for (const name of names) charges.set(name, (charges.get(name) ?? 0) + billedNanoUsd);
  }
  return charges;
}
