import { formatUsd, parseUsd, type NanoUsd } from '@darkroom/contracts';
import type { OrderedTasks, Tasks } from './billed-tasks.ts';
import type { Evidence } from './evidence.ts';
import { tenantOf } from './order-terms.ts';
import { parsePeriod, periodsAt } from './periods.ts';

export interface CapsCrossed {
  /** The largest amount by which a period exceeds its cap. */
  nanoUsd: NanoUsd;
  lines: string[];
}

/** Compares the cap of each period with the ledger (settled and held) and with the charges on the bill. */
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

/** Returns the charges by period: that of the hold, because a run may pass midnight; without a record, that of the first send. */
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
