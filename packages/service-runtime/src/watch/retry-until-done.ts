import { setTimeout as delay } from 'node:timers/promises';
import { DarkroomError } from '@darkroom/contracts';
import { explainShortly } from '../logging/describe-error.ts';
import type { Logger } from '../logging/logger.ts';
import { createOutageLines } from './outage-lines.ts';

export interface RetryOptions {
  /** Ends the retries, which then throw the last error. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Defaults to 1000. */
  readonly retryMs?: number;
}

/**
 * Repeats one step of a start until it succeeds, and logs in few lines why it fails.
 * @throws an error that repeating cannot cure (a DarkroomError that is not retryable), or the last one if the signal is aborted.
 */
export async function retryUntilDone<T>(
  name: string,
  step: () => Promise<T>,
  { signal, logger, now, retryMs = 1000 }: RetryOptions,
): Promise<T> {
  const lines = createOutageLines({ name, about: {} }, logger, now);
  for (;;) {
    const begunAt = now();
    try {
      const value = await step();
      lines.noteThere();
      return value;
    } catch (error) {
      if (signal.aborted || (error instanceof DarkroomError && !error.retryable)) throw error;
      lines.noteAway(explainShortly(error), begunAt);
    }
    await delay(retryMs, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}
