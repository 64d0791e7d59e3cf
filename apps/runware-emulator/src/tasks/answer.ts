import { defined } from '@darkroom/contracts';
import type { BrokenBody } from '../faults/schema.ts';
import type { RunwareError } from '../validation/runware-error.ts';
import type { ResultItem } from './result-item.ts';

/** Answer to one task of a request. */
export interface Answer {
  httpStatus: number;
  items: readonly ResultItem[];
  errors: readonly RunwareError[];
  retryAfterSeconds?: number;
  /** Replaces the whole response, or breaks it. */
  instead?: 'reset' | 'html' | BrokenBody;
}

/** Builds an answer with results. */
export const answerWith = (...items: ResultItem[]): Answer => ({ httpStatus: 200, items, errors: [] });

/** Builds an answer that refuses. */
export const refuseWith = (httpStatus: number, ...errors: RunwareError[]): Answer => ({ httpStatus, items: [], errors });

/**
 * Combines the answers to all tasks of a request. Each is independent ("other tasks in the same request may still succeed", Runware
 * docs, platform/errors), so the request as a whole fails only if all of them fail.
 */
export function combine(answers: readonly Answer[]): Answer {
  const first = answers[0] ?? answerWith();
  const { retryAfterSeconds } = answers.find((answer) => answer.retryAfterSeconds !== undefined) ?? {};
  const { instead } = answers.find((answer) => answer.instead !== undefined) ?? {};
  return {
    httpStatus: answers.some(({ httpStatus }) => httpStatus === 200) ? 200 : first.httpStatus,
    items: answers.flatMap(({ items }) => items),
    errors: answers.flatMap(({ errors }) => errors),
    ...defined({ retryAfterSeconds, instead }),
  };
}
