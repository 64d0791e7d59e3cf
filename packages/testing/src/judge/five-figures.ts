import { isDeepStrictEqual } from 'node:util';
import { formatUsd } from '@darkroom/contracts';
import type { Forgetting } from './forgetting.ts';
import type { Judgement } from './judge.ts';

/** What decides whether a run has passed (docs/guarantees.md). */
export interface FiveFigures {
  lost: number;
  paidTwice: number;
  stuck: number;
  failedWrongly: number;
  ledgerDifferenceUsd: string;
}

export const fiveOf = (judgement: Judgement): FiveFigures => ({
  lost: judgement.lost.length,
  paidTwice: judgement.paidTwice.length,
  stuck: judgement.stuck.length,
  failedWrongly: judgement.failedWrongly.length,
  ledgerDifferenceUsd: formatUsd(judgement.ledgerDifferenceNanoUsd),
});

const nothing: FiveFigures = { lost: 0, paidTwice: 0, stuck: 0, failedWrongly: 0, ledgerDifferenceUsd: '0' };

/** What is promised of a run whose provider forgets ids while they may still be sent again. */
export const promiseOf = ({ executions, nanoUsd }: Forgetting): FiveFigures => ({
  ...nothing,
  lost: executions,
  paidTwice: executions,
  ledgerDifferenceUsd: formatUsd(0 - nanoUsd),
});

/** @param promised Nothing of the five when absent. */
export const isAsPromised = (judgement: Judgement, promised: FiveFigures = nothing): boolean =>
  isDeepStrictEqual(fiveOf(judgement), promised);
