import type { RunwareError } from '../validation/runware-error.ts';
import type { ResultItem } from './result-item.ts';

/** What one task of a request is answered. */
export interface Answer {
  httpStatus: number;
  items: readonly ResultItem[];
  errors: readonly RunwareError[];
  retryAfterSeconds?: number;
  /** Takes the place of the whole response. */
  instead?: 'reset' | 'html';
}

/** An answer that is fine. */
export const answerWith = (...items: ResultItem[]): Answer => ({ httpStatus: 200, items, errors: [] });

/** An answer that refuses. */
export const refuseWith = (httpStatus: number, ...errors: RunwareError[]): Answer => ({ httpStatus, items: [], errors });

/**
 * Puts the answers of all tasks of a request together. Each stands for itself ("other tasks in the same request may still
 * succeed", Runware docs, platform/errors), so the request as a whole fails only if all of them do.
 */
export function combine(answers: readonly Answer[]): Answer {
  const first = answers[0] ?? answerWith();
  const { retryAfterSeconds } = answers.find((answer) => answer.retryAfterSeconds !== undefined) ?? {};
  const { instead } = answers.find((answer) => answer.instead !== undefined) ?? {};
  return {
    httpStatus: answers.some(({ httpStatus }) => httpStatus === 200) ? 200 : first.httpStatus,
    items: answers.flatMap(({ items }) => items),
    errors: answers.flatMap(({ errors }) => errors),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(instead !== undefined && { instead }),
  };
}
