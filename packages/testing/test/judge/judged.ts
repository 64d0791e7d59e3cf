import { createHistory } from './history.ts';

export type History = ReturnType<typeof createHistory>;
export type Ref = ReturnType<History['order']>;

/** Judges a history that holds one properly bought image and what the test adds. */
export async function judged(happen: (history: History) => void): Promise<typeof clean> {
  const history = createHistory();
  history.bought(history.order());
  happen(history);
  const { judgement } = await history.judge();
  const { lost, paidTwice, stuck, failedWrongly, ledgerDifferenceNanoUsd, capCrossedNanoUsd } = judgement;
  return {
    lost: lost.length,
    paidTwice: paidTwice.length,
    stuck: stuck.length,
    failedWrongly: failedWrongly.length,
    ledgerDifferenceNanoUsd,
    capCrossedNanoUsd,
  };
}

export const clean = { lost: 0, paidTwice: 0, stuck: 0, failedWrongly: 0, ledgerDifferenceNanoUsd: 0, capCrossedNanoUsd: 0 };

/** The hold and the charge of an image. */
export const PRICE_NANO_USD = 20_000_000;
