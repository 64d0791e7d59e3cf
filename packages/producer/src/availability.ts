import { DarkroomError, QueueUnavailableError, type Reached } from '@darkroom/contracts';
import type { Redis } from 'ioredis';

/** A caller is told within a second that Redis is away. */
const READY_WITHIN_MS = 800;

/** Makes calls against a Redis that may be away. */
export interface Availability {
  /**
   * Runs a call so that its failure says whether it may have arrived.
   * @param what What is done, as words for the message: "read generation".
   * @throws QueueUnavailableError when Redis is away or this was closed; whatever `call` throws of our own otherwise.
   */
  ask<T>(what: string, generationId: string, call: () => Promise<T>): Promise<T>;
  /** Refuses the calls that wait for Redis, and all later ones. */
  close(): void;
}

/** @param redis A connection that fails fast; stays its caller's to close. */
export function createAvailability(redis: Redis): Availability {
  let isClosed = false;
  let giveUp: () => void = () => undefined;
  let waiting: Promise<void> | undefined;

  /** Waits a moment for the connection: it may be the first call, or Redis may be coming back. Calls at once wait together. */
  const waitUntilReady = (): Promise<void> => {
    waiting ??= new Promise<void>((resolve) => {
      giveUp = () => {
        clearTimeout(timer);
        redis.off('ready', giveUp);
        waiting = undefined;
        resolve();
      };
      const timer = setTimeout(giveUp, READY_WITHIN_MS);
      redis.once('ready', giveUp);
    });
    return waiting;
  };

  return {
    async ask(what, generationId, call) {
      const unavailable = (reached: Reached, why: string, cause?: unknown): QueueUnavailableError =>
        new QueueUnavailableError(`could not ${what} "${generationId}": ${why}`, {
          reached,
          generationId,
          ...(cause === undefined ? {} : { cause }),
        });
      if (!isClosed && redis.status !== 'ready') await waitUntilReady();
      if (isClosed) throw unavailable('no', 'this producer is closed; nothing was sent');
      if (redis.status !== 'ready') throw unavailable('no', 'redis does not answer; nothing was sent');
      try {
        return await call();
      } catch (error) {
        if (error instanceof DarkroomError) throw error;
        throw unavailable(
          'maybe',
          'redis does not answer; it may have arrived, and calling again with the same generationId is safe',
          error,
        );
      }
    },
    close() {
      isClosed = true;
      giveUp();
    },
  };
}
