import type { EnqueueReceipt } from '@darkroom/generation-store';

/** A warning in the answer to an enqueue: the generation is queued, and an operator should look at the fleet. */
export interface EnqueueWarning {
  /** "workers.none-seen": no worker has given a sign of life for half a minute, so nothing is bought now. */
  code: 'workers.none-seen';
  /** In words, safe to log and to show. */
  message: string;
  /** Last sign of life of a worker, in milliseconds since 1970 by Redis time; absent if there was none ever. */
  seenAt?: number;
}

/** Returns the warnings of an answer, as a part of it; without one it has no such field. */
export function warningsOf({ noWorkerSince: seenAt }: Pick<EnqueueReceipt, 'noWorkerSince'>): { warnings?: EnqueueWarning[] } {
  if (seenAt === undefined) return {};
  const since = seenAt === 0 ? 'no worker has been seen yet' : `no worker has been seen since ${new Date(seenAt).toISOString()}`;
  const message = `${since}: the generation is queued, and nothing is bought until a worker runs`;
  return { warnings: [{ code: 'workers.none-seen', message, ...(seenAt > 0 && { seenAt }) }] };
}
