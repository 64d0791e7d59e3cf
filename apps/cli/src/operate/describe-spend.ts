import { formatUsd } from '@darkroom/contracts';
import type { PeriodSpend } from '@darkroom/generation-store';
import { timeOf } from './time-words.ts';

/** The ledger in words: what was spent, what is on hold, against which cap. */
export const describeSpend = (periods: readonly PeriodSpend[]): string[] =>
  periods.map(({ name, capNanoUsd, reservedNanoUsd, settledNanoUsd, resetsAt }) => {
    const label = name.includes(':day:') ? 'today' : 'month';
    const cap =
      capNanoUsd === undefined
        ? 'no cap'
        : `of at most ${formatUsd(capNanoUsd)} USD, ${formatUsd(Math.max(0, capNanoUsd - settledNanoUsd - reservedNanoUsd))} left`;
    return `${label.padEnd(10)}${formatUsd(settledNanoUsd)} USD spent, ${formatUsd(reservedNanoUsd)} USD on hold, ${cap}; begins anew ${timeOf(resetsAt)}`;
  });
