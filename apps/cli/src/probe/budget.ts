import { formatUsd, type NanoUsd } from '@darkroom/contracts';

/** Spending of a probe, and its limit. */
export interface Budget {
  /** Returns true if a step with this worst price may begin. */
  allows(worstNanoUsd: NanoUsd): boolean;
  /** Books a purchase. */
  spend(amount: NanoUsd): void;
  /** Takes back what was booked for a purchase that was none. */
  giveBack(amount: NanoUsd): void;
  spentNanoUsd(): NanoUsd;
  leftUsd(): string;
}

export function createBudget(maxNanoUsd: NanoUsd): Budget {
  let spent = 0;
  return {
    allows: (worstNanoUsd) => spent + worstNanoUsd <= maxNanoUsd,
    spend: (amount) => void (spent += amount),
    giveBack: (amount) => void (spent -= amount),
    spentNanoUsd: () => spent,
    leftUsd: () => formatUsd(Math.max(0, maxNanoUsd - spent)),
  };
}
