import { parseUsd, type GenerationView } from '@darkroom/contracts';
import type { PeriodSpend } from '@darkroom/generation-store';

/** Sums what generations cost and hold in the present day and month, as the ledger in Redis does; without caps. */
export function memorySpend(generations: readonly GenerationView[], tenant: string | undefined, nowMs: number): PeriodSpend[] {
  const owners = [undefined, ...(tenant === undefined ? [] : [tenant])];
  return owners.flatMap((owner) =>
    (['day', 'month'] as const).map((period) => {
      const date = dateOf(nowMs, period);
      const own = generations.filter((each) => dateOf(each.createdAt, period) === date && (owner === undefined || each.tenant === owner));
      const settledNanoUsd = own.reduce((sum, { costUsd }) => sum + parseUsd(costUsd), 0);
      const reservedNanoUsd = own.reduce((sum, { reservedUsd }) => sum + parseUsd(reservedUsd), 0);
      return {
        name: `${owner === undefined ? 'all' : `tenant:${owner}`}:${period}:${date}`,
        reservedNanoUsd,
        settledNanoUsd,
        expectedNanoUsd: settledNanoUsd,
        reportedNanoUsd: settledNanoUsd,
        unreported: 0,
        differing: 0,
        unreadNanoUsd: 0,
        resetsAt: resetOf(nowMs, period),
      };
    }),
  );
}

const dateOf = (atMs: number, period: 'day' | 'month'): string => new Date(atMs).toISOString().slice(0, period === 'day' ? 10 : 7);

function resetOf(nowMs: number, period: 'day' | 'month'): number {
  const now = new Date(nowMs);
  return period === 'day'
    ? Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1)
    : Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
}
