import type { NanoUsd } from '@darkroom/contracts';
import type { GenerationRecords } from '../generation-records.ts';

/**
 * Returns the money of a generation that the sums of a moment surely hold, by period: the cost of each submission that had ended by then,
 * at most its hold. Of several ends the cheapest counts, because Redis may have been told of the later one only after the sums were made. A
 * hold never counts: it may have been given back before them.
 * @param before Redis time, in milliseconds since 1970.
 */
export function chargedBefore({ submissions }: GenerationRecords, before: number): Map<string, NanoUsd> {
  const charged = new Map<string, NanoUsd>();
  for (const { intent, result, decision, amendment } of submissions) {
    if (result === undefined || result.settledAt >= before) continue;
    const { amountNanoUsd, periods } = intent.reservation;
    const costs = [result, decision, amendment].flatMap((end) =>
      end === undefined || end.status === 'unknown' ? [] : [end.costNanoUsd ?? 0],
    );
    // An unknown outcome keeps its hold, which an operator may give back.
    if (costs.length === 0) continue;
    const cost = Math.min(amountNanoUsd, ...costs);
    for (const period of periods) charged.set(period, (charged.get(period) ?? 0) + cost);
  }
  return charged;
}
