import { defined, encodeTenant, parseUsd } from '@darkroom/contracts';
import type { PeriodSpend } from '@darkroom/generation-store';
import { z } from 'zod';

const usd = z.string().regex(/^\d+(\.\d{1,9})?$/);
const spendSchema = z.object({
  tenant: z.string(),
  periods: z.array(
    z.object({
      period: z.enum(['day', 'month']),
      date: z.string(),
      reservedUsd: usd,
      spentUsd: usd,
      expectedUsd: usd,
      reportedUsd: usd,
      unreported: z.int(),
      differing: z.int(),
      unreadUsd: usd.nullable(),
      capUsd: usd.nullable(),
      resetsAt: z.iso.datetime(),
    }),
  ),
});

/** Reads the tenant of the key from an answer of `GET /v1/spend`. */
export const tenantOf = (body: unknown): string => spendSchema.parse(body).tenant;

/** Reads the periods of the tenant as the ledger names them. */
export function periodsOf(body: unknown): PeriodSpend[] {
  const { tenant, periods } = spendSchema.parse(body);
  return periods.map(({ period, date, capUsd, unreadUsd, ...sums }) => ({
    name: `tenant:${encodeTenant(tenant)}:${period}:${date}`,
    reservedNanoUsd: parseUsd(sums.reservedUsd),
    settledNanoUsd: parseUsd(sums.spentUsd),
    expectedNanoUsd: parseUsd(sums.expectedUsd),
    reportedNanoUsd: parseUsd(sums.reportedUsd),
    unreported: sums.unreported,
    differing: sums.differing,
    resetsAt: Date.parse(sums.resetsAt),
    ...defined({
      capNanoUsd: capUsd === null ? undefined : parseUsd(capUsd),
      unreadNanoUsd: unreadUsd === null ? undefined : parseUsd(unreadUsd),
    }),
  }));
}
