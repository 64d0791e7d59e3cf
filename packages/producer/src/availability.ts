import { DarkroomError, QueueUnavailableError, type Reached } from '@darkroom/contracts';
import type { Redis } from 'ioredis';

/** A caller is told within a second that Redis is away. */
const READY_WITHIN_MS = 800;

/** Waits a moment for the connection: it may be the first call, or Redis may be coming back. */
async function whenReady(redis: Redis): Promise<boolean> {
  if (redis.status === 'ready' || redis.status === 'end') return redis.status === 'ready';
  return new Promise((resolve) => {
    const finish = (ready: boolean): void => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('end', onEnd);
      resolve(ready);
    };
    const onReady = (): void => finish(true);
    const onEnd = (): void => finish(false);
    const timer = setTimeout(onEnd, READY_WITHIN_MS);
    redis.once('ready', onReady);
    redis.once('end', onEnd);
  });
}

/** What a call after the producer's end comes to. */
export const closedError = (what: string, generationId: string): QueueUnavailableError =>
  new QueueUnavailableError(`could not ${what} "${generationId}": this producer is closed; nothing was sent`, {
    reached: 'no',
    generationId,
  });

/**
 * Runs a call against Redis so that its failure says whether the call may have arrived.
 * @throws QueueUnavailableError when Redis is away; whatever `call` throws of our own otherwise.
 */
export async function withRedis<T>(redis: Redis, what: string, generationId: string, call: () => Promise<T>): Promise<T> {
  const unavailable = (reached: Reached, cause?: unknown): QueueUnavailableError =>
    new QueueUnavailableError(
      `could not ${what} "${generationId}": redis does not answer; ${
        reached === 'no' ? 'nothing was sent' : 'it may have arrived, and calling again with the same generationId is safe'
      }`,
      { reached, generationId, ...(cause === undefined ? {} : { cause }) },
    );
  if (!(await whenReady(redis))) throw unavailable('no');
  try {
    return await call();
  } catch (error) {
    if (error instanceof DarkroomError) throw error;
    throw unavailable('maybe', error);
  }
}
