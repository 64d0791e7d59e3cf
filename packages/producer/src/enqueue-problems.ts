import {
  isGenerationId,
  metadataProblems,
  notificationTypesProblems,
  priorityProblems,
  tagsProblems,
  traceparentProblems,
  webhookUrlProblems,
  type Problem,
} from '@darkroom/contracts';
import { MAX_RUN_AHEAD_DAYS } from '@darkroom/generation-store';
import { isMoment, millisecondsOf } from './moments.ts';
import type { EnqueueOptions } from './options.ts';
import { show } from './tenant-problems.ts';

/** Returns the problems of the options of one enqueue, whatever the time: the enqueue compares times with Redis time. */
export function enqueueProblems(options: EnqueueOptions, allowLoopback: boolean): Problem[] {
  const {
    generationId,
    idempotencyKey,
    deadlineAt,
    runAt,
    tags,
    metadata,
    priority,
    withholdFlagged,
    traceparent,
    webhookURL,
    webhookEvents,
  } = options;
  const problems: Problem[] = [];
  if (webhookURL !== undefined) problems.push(...webhookUrlProblems('options.webhookURL', webhookURL, { allowLoopback }));
  if (webhookEvents !== undefined) problems.push(...notificationTypesProblems('options.webhookEvents', webhookEvents));
  if (webhookEvents !== undefined && webhookURL === undefined)
    problems.push({ path: 'options.webhookEvents', message: 'stands with options.webhookURL alone' });
  if (generationId !== undefined && (typeof generationId !== 'string' || !isGenerationId(generationId))) {
    problems.push({
      path: 'options.generationId',
      message: 'must be a lower-case UUIDv7, as `createGenerationId` makes them',
      given: show(generationId),
    });
  }
  if (idempotencyKey !== undefined) problems.push(...keyProblems('options.idempotencyKey', idempotencyKey));
  if (tags !== undefined) problems.push(...tagsProblems('options.tags', tags));
  if (metadata !== undefined) problems.push(...metadataProblems('options.metadata', metadata));
  if (withholdFlagged !== undefined && typeof withholdFlagged !== 'boolean')
    problems.push({ path: 'options.withholdFlagged', message: 'must be true or false', given: show(withholdFlagged) });
  if (priority !== undefined) problems.push(...priorityProblems('options.priority', priority));
  if (traceparent !== undefined) problems.push(...traceparentProblems('options.traceparent', traceparent));
  if (deadlineAt !== undefined && !isMoment(deadlineAt)) {
    problems.push({
      path: 'options.deadlineAt',
      message: 'must be a Date or whole milliseconds since 1970, in the future',
      given: show(deadlineAt),
    });
  }
  if (runAt !== undefined && !isMoment(runAt)) {
    problems.push({
      path: 'options.runAt',
      message: `must be a time in the next ${MAX_RUN_AHEAD_DAYS} days: a Date, or whole milliseconds since 1970`,
      given: show(runAt),
    });
  } else if (runAt !== undefined && deadlineAt !== undefined && millisecondsOf(runAt) >= millisecondsOf(deadlineAt)) {
    problems.push({ path: 'options.runAt', message: 'must be before options.deadlineAt', given: show(runAt) });
  }
  return problems;
}

/** Returns the problem of an idempotency key. */
export const keyProblems = (path: string, key: unknown): Problem[] =>
  isIdempotencyKey(key)
    ? []
    : [
        {
          path,
          message: 'must have 1 to 256 characters, not all of them blanks, none a control character, in well-formed Unicode',
          given: typeof key === 'string' ? `${key.length} characters` : show(key),
        },
      ];

/**
 * Checks an idempotency key. It is kept as a digest of its UTF-8, in which all lone surrogates are the same. A key of blanks, or with a
 * line feed at its end, is a mistake: it would join generations that do not belong together, or separate those that do.
 */
const isIdempotencyKey = (key: unknown): boolean =>
  typeof key === 'string' && /^.{1,256}$/s.test(key) && /\S/.test(key) && !/[\p{Surrogate}\p{Cc}]/u.test(key);
