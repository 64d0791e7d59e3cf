import { formatUsd, type NanoUsd } from '@darkroom/contracts';

/** What a probe may spend, and has. */
export interface Budget {
  /** Whether a step of this worst price may begin. */
  allows(worstNanoUsd: NanoUsd): boolean;
  /** Takes down what was bought. */
  spend(amount: NanoUsd): void;
  spentNanoUsd(): NanoUsd;
  leftUsd(): string;
}

export function createBudget(maxNanoUsd: NanoUsd): Budget {
  let spent = 0;
  return {
    allows: (worstNanoUsd) => spent + worstNanoUsd <= maxNanoUsd,
    spend: (amount) => void (spent += amount),
    spentNanoUsd: () => spent,
    leftUsd: () => formatUsd(Math.max(0, maxNanoUsd - spent)),
  };
}
