import { formatUsd } from '@darkroom/contracts';
import type { PeriodSpend } from '@darkroom/generation-store';
import { timeOf } from './time-words.ts';

/** Returns a period as commands print it with `--json`: amounts in US dollars. */
export const dataOfSpend = ({ name, capNanoUsd, reservedNanoUsd, settledNanoUsd, unreadNanoUsd, resetsAt }: PeriodSpend) => ({
  period: name,
  spentUsd: formatUsd(settledNanoUsd),
  heldUsd: formatUsd(reservedNanoUsd),
  capUsd: capNanoUsd === undefined ? undefined : formatUsd(capNanoUsd),
  unreadUsd: unreadNanoUsd === 0 ? undefined : unreadNanoUsd === undefined ? 'unknown' : formatUsd(unreadNanoUsd),
  resetsAt,
});

/** Describes each period of the ledger: spent, on hold, its cap, unread money, and any difference from the expected prices. */
export const describeSpend = (periods: readonly PeriodSpend[]): string[] =>
  periods.flatMap((period) => {
    const { name, capNanoUsd, reservedNanoUsd, settledNanoUsd, unreadNanoUsd, resetsAt } = period;
    const when = name.includes(':day:') ? 'today' : 'month';
    const label = name.startsWith('tenant:') ? `  tenant ${when}` : when;
    const cap =
      capNanoUsd === undefined
        ? 'no cap'
        : `of at most ${formatUsd(capNanoUsd)} USD, ${formatUsd(Math.max(0, capNanoUsd - settledNanoUsd - reservedNanoUsd - (unreadNanoUsd ?? capNanoUsd)))} left`;
    return [
      `${label.padEnd(9)} ${formatUsd(settledNanoUsd)} USD spent, ${formatUsd(reservedNanoUsd)} USD on hold, ${cap}; resets ${timeOf(resetsAt)}`,
      ...[...describeUnread(period), ...describePrices(period)].map((line) => `${''.padEnd(10)}${line}`),
    ];
  });

/** Describes what the cap counts beside the ledger, while a rebuild reads on or has left something out. */
function describeUnread({ unreadNanoUsd }: PeriodSpend): string[] {
  if (unreadNanoUsd === 0) return [];
  return [
    unreadNanoUsd === undefined
      ? 'unread money is not known: the cap counts as reached'
      : `${formatUsd(unreadNanoUsd)} USD unread money, which the cap counts too`,
  ];
}

/** Returns no lines if the provider reported every cost and each matches the price list. */
function describePrices({ expectedNanoUsd, reportedNanoUsd, settledNanoUsd, unreported, differing }: PeriodSpend): string[] {
  if (unreported === 0 && differing === 0) return [];
  const difference = settledNanoUsd - expectedNanoUsd;
  const sum = difference === 0 ? 'as much as' : `${formatUsd(Math.abs(difference))} USD ${difference > 0 ? 'more' : 'less'} than`;
  return [
    `that is ${sum} expected (${formatUsd(expectedNanoUsd)} USD); the provider reported ${formatUsd(reportedNanoUsd)} USD:`,
    `  ${differing} results at another price than expected, ${unreported} without a price, booked at the expected price`,
  ];
}
