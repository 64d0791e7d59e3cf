import { isDeepStrictEqual } from 'node:util';
import { formatUsd } from '@darkroom/contracts';
import type { Forgetting } from './forgetting.ts';
import type { Judgement } from './judge.ts';

/** The definition of a fault run (docs/proof.md). */
export interface FiveFigures {
  lost: number;
  paidTwice: number;
  stuck: number;
  failedWrongly: number;
  ledgerDifferenceUsd: string;
}

/** What decides whether a run has passed: the five, and beside them the third promise. */
export interface DecidingFigures extends FiveFigures {
  capCrossedUsd: string;
}

export const decidingOf = (judgement: Judgement): DecidingFigures => ({
  lost: judgement.lost.length,
  paidTwice: judgement.paidTwice.length,
  stuck: judgement.stuck.length,
  failedWrongly: judgement.failedWrongly.length,
  ledgerDifferenceUsd: formatUsd(judgement.ledgerDifferenceNanoUsd),
  capCrossedUsd: formatUsd(judgement.capCrossedNanoUsd),
});

const nothing: DecidingFigures = { lost: 0, paidTwice: 0, stuck: 0, failedWrongly: 0, ledgerDifferenceUsd: '0', capCrossedUsd: '0' };

/** What is promised of a run whose provider forgets ids while they may still be sent again. */
export const promiseOf = ({ executions, nanoUsd }: Forgetting): DecidingFigures => ({
  ...nothing,
  lost: executions,
  paidTwice: executions,
  ledgerDifferenceUsd: formatUsd(0 - nanoUsd),
});

/** @param promised Nothing of all of them when absent. */
export const isAsPromised = (judgement: Judgement, promised: DecidingFigures = nothing): boolean =>
  isDeepStrictEqual(decidingOf(judgement), promised);
