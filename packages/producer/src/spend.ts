import { defined, formatUsd } from '@darkroom/contracts';
import type { PeriodSpend } from '@darkroom/generation-store';

/** Options of `spend`. */
export interface SpendOptions {
  /** Reads the money of this tenant. Defaults to the producer's own tenant, or to all tenants together if it has none. */
  tenant?: string;
}

/** Names of the options of `spend`. */
export const spendOptions = ['tenant'] as const satisfies readonly (keyof SpendOptions)[];

/** Money of the current day or month, in UTC by Redis time. Amounts are US dollars as decimal text. */
export interface SpendPeriod {
  period: 'day' | 'month';
  /** Such as "2026-11-30", or "2026-11" of a month. */
  date: string;
  /** Absent for all tenants together. */
  tenant?: string;
  /** Charged for ended purchases. */
  spentUsd: string;
  /** Held for open purchases, and for those with an unknown outcome. */
  reservedUsd: string;
  /** Bounds `spentUsd` and `reservedUsd` together. Absent: no cap. */
  capUsd?: string;
  /** By the price list, of images that are there. */
  expectedUsd: string;
  /** The part of `spentUsd` that the provider reported. */
  reportedUsd: string;
  /** Purchases with an image and without a reported cost. */
  unreported: number;
  /** Purchases at another price than expected. */
  differing: number;
  /** Counted by the cap while a rebuild reads on, "0" otherwise. Absent if not known: the cap counts as reached. */
  unreadUsd?: string;
  /** Start of the next period, in milliseconds since 1970. */
  resetsAt: number;
}

/** Takes the periods of a tenant, or those of all together, out of a ledger. */
export const spendPeriods = (ledger: readonly PeriodSpend[], tenant: string | undefined): SpendPeriod[] =>
  ledger
    .filter(({ name }) => name.startsWith('all:') === (tenant === undefined))
    .map(({ name, capNanoUsd, reservedNanoUsd, settledNanoUsd, expectedNanoUsd, reportedNanoUsd, unreadNanoUsd, ...counts }) => ({
      period: name.includes(':day:') ? 'day' : 'month',
      date: name.slice(name.lastIndexOf(':') + 1),
      spentUsd: formatUsd(settledNanoUsd),
      reservedUsd: formatUsd(reservedNanoUsd),
      expectedUsd: formatUsd(expectedNanoUsd),
      reportedUsd: formatUsd(reportedNanoUsd),
      ...counts,
      ...defined({
        tenant,
        capUsd: capNanoUsd === undefined ? undefined : formatUsd(capNanoUsd),
        unreadUsd: unreadNanoUsd === undefined ? undefined : formatUsd(unreadNanoUsd),
      }),
    }));
