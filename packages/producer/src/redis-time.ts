import { EnqueueManyError, GenerationIdError } from '@darkroom/contracts';

/** Redis time as far as this process knows it: its own clock, corrected once Redis refuses an id that this clock minted. */
export interface RedisTime {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Enqueues under ids that `now` minted. If Redis refuses their time, nothing was queued: they are minted and sent once more, by the
   * time that Redis reported.
   */
  mintBy<Answer>(enqueue: () => Promise<Answer>): Promise<Answer>;
}

/** @param warn Called once if the clock of this process is wrong. */
export function createRedisTime(clock: () => number, warn: (message: string) => void): RedisTime {
  let aheadMs = 0;
  let hasWarned = false;
  const learn = (redisTime: number): void => {
    aheadMs = clock() - redisTime;
    if (hasWarned) return;
    hasWarned = true;
    const seconds = Math.round(Math.abs(aheadMs) / 1000);
    warn(`the clock of this process is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} redis time; darkroom goes by redis time`);
  };
  return {
    now: () => clock() - aheadMs,
    async mintBy(enqueue) {
      try {
        return await enqueue();
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        learn(refusal.redisTime);
        return enqueue();
      }
    },
  };
}

/**
 * Finds the refusal of an id's time. In a batch only if none was queued and none may be: the others would be bought twice, under new ids.
 */
function refusalOf(error: unknown): GenerationIdError | undefined {
  if (error instanceof GenerationIdError) return error;
  if (!(error instanceof EnqueueManyError) || error.written.length + error.maybeWritten.length > 0) return undefined;
  return error.cause instanceof GenerationIdError ? error.cause : undefined;
}
