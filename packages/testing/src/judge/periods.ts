import type { CapName, LedgerRecord } from './evidence.ts';

/** A day or a month (UTC) of the ledger, for all tenants together or for one. */
export interface Period {
  /** "all", or "tenant:" and a name. */
  owner: string;
  unit: 'day' | 'month';
  /** The cap of the period. */
  cap: CapName;
}

const NAME = /^(all|tenant:[\w.~-]+):(day|month):\d{4}-\d{2}(?:-\d{2})?$/;

/** @throws RangeError for a name that does not belong into the ledger. */
export function parsePeriod(name: string): Period {
  const [, owner = '', unit] = NAME.exec(name) ?? [];
  if (unit !== 'day' && unit !== 'month') throw new RangeError(`the ledger holds a period of the name "${name}"`);
  return { owner, unit, cap: owner === 'all' ? `all:${unit}` : `tenant:${unit}` };
}

/** Returns the periods of a tenant's money at a moment. */
export function periodsAt(tenant: string, at: number): string[] {
  const day = new Date(at).toISOString().slice(0, 10);
  return ['all', `tenant:${tenant}`].flatMap((owner) => [`${owner}:day:${day}`, `${owner}:month:${day.slice(0, 7)}`]);
}

export interface Sums {
  settledNanoUsd: number;
  heldNanoUsd: number;
}

/** Returns the sums of each owner over all days or all months. */
export function sumsByOwner({ periods }: LedgerRecord, unit: Period['unit']): Map<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const [name, { settledNanoUsd, heldNanoUsd }] of Object.entries(periods)) {
    const period = parsePeriod(name);
    if (period.unit === unit) addTo(sums, period.owner, settledNanoUsd, heldNanoUsd);
  }
  return sums;
}

function addTo(sums: Map<string, Sums>, owner: string, settledNanoUsd: number, heldNanoUsd: number): void {
  const sum = sums.get(owner) ?? nothing;
  sums.set(owner, { settledNanoUsd: sum.settledNanoUsd + settledNanoUsd, heldNanoUsd: sum.heldNanoUsd + heldNanoUsd });
}

export const nothing: Readonly<Sums> = { settledNanoUsd: 0, heldNanoUsd: 0 };
