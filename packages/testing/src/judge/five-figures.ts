import { isDeepStrictEqual } from 'node:util';
import { formatUsd } from '@darkroom/contracts';
import type { Forgetting } from './forgetting.ts';
import type { Judgement } from './judge.ts';

/** The five figures of a fault run (docs/proof.md). */
export interface FiveFigures {
  lost: number;
  paidTwice: number;
  stuck: number;
  failedWrongly: number;
  ledgerDifferenceUsd: string;
}

/** The figures that decide whether a run passes: the five, that of the third promise, the ends that no event and no notification told, what is left of erased ones, and withheld images that were seen. */
export interface DecidingFigures extends FiveFigures {
  capCrossedUsd: string;
  eventsLost: number;
  notificationsLost: number;
  erasedLeft: number;
  withheldShown: number;
}

export const decidingOf = (judgement: Judgement): DecidingFigures => ({
  lost: judgement.lost.length,
  paidTwice: judgement.paidTwice.length,
  stuck: judgement.stuck.length,
  failedWrongly: judgement.failedWrongly.length,
  ledgerDifferenceUsd: formatUsd(judgement.ledgerDifferenceNanoUsd),
  capCrossedUsd: formatUsd(judgement.capCrossedNanoUsd),
  eventsLost: judgement.eventsLost.length,
  notificationsLost: judgement.notificationsLost.length,
  erasedLeft: judgement.erasedLeft.length,
  withheldShown: judgement.withheldShown.length,
});

const nothing: DecidingFigures = {
  lost: 0,
  paidTwice: 0,
  stuck: 0,
  failedWrongly: 0,
  ledgerDifferenceUsd: '0',
  capCrossedUsd: '0',
  eventsLost: 0,
  notificationsLost: 0,
  erasedLeft: 0,
  withheldShown: 0,
};

/** Returns the promised figures of a run whose provider forgets ids that workers may still send again. */
export const promiseOf = ({ executions, nanoUsd }: Forgetting): DecidingFigures => ({
  ...nothing,
  lost: executions,
  paidTwice: executions,
  ledgerDifferenceUsd: formatUsd(0 - nanoUsd),
});

/** @param promised All zero when absent. */
export const isAsPromised = (judgement: Judgement, promised: DecidingFigures = nothing): boolean =>
  isDeepStrictEqual(decidingOf(judgement), promised);
