import type { Redis } from 'ioredis';
import { hearRefusal } from './hear-refusal.ts';
import { redisTroubleOf, type RedisTrouble } from './redis-trouble.ts';

/** Shortest time between two questions for the words of a Redis without room for its clients. */
const HEAR_EVERY_MS = 3000;
/** Closed attempts in a row that count as trouble; one may have met a Redis that was just ending. */
const CLOSED_IN_A_ROW = 2;

/**
 * Watches the attempts to connect, and reports why Redis closed a connection before it was ready; ioredis does not. It repeats the words
 * of Redis. If Redis closes two in a row without a word, it reports that.
 * @returns a function that ends the watch.
 */
export function watchAttempts(redis: Redis, onTrouble: (trouble: RedisTrouble) => void): () => void {
  let isReady = false;
  /** True once the attempt met an error with a reason. */
  let isTold = false;
  let closedInARow = 0;
  let heardAt = -Infinity;
  let isEnded = false;
  const hear = async (): Promise<void> => {
    heardAt = performance.now();
    const trouble = await hearRefusal(redis.options);
    // Meanwhile it may be ready, or may have met other trouble.
    if (isEnded || closedInARow === 0 || trouble === undefined) return;
    if (trouble.reason !== 'closed' || closedInARow >= CLOSED_IN_A_ROW) onTrouble(trouble);
  };
  const onConnecting = (): void => {
    isReady = false;
    isTold = false;
  };
  const onError = (error: unknown): void => {
    if (redisTroubleOf(error).reason !== 'closed') isTold = true;
  };
  const onReady = (): void => {
    isReady = true;
    closedInARow = 0;
  };
  const onClose = (): void => {
    if (isReady || redis.status === 'end') return;
    closedInARow = isTold ? 0 : closedInARow + 1;
    if (closedInARow > 0 && performance.now() - heardAt >= HEAR_EVERY_MS) void hear();
  };
  redis.on('connecting', onConnecting).on('error', onError).on('ready', onReady).on('close', onClose);
  isReady = redis.status === 'ready';
  return () => {
    isEnded = true;
    redis.off('connecting', onConnecting).off('error', onError).off('ready', onReady).off('close', onClose);
  };
}
