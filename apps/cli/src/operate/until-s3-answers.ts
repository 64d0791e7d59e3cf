import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '@darkroom/contracts';
import type { Terminal } from '../terminal.ts';

const MOST_TRIES = 5;
const FIRST_PAUSE_MS = 1000;

export interface PatienceOptions {
  terminal: Pick<Terminal, 'complain'>;
  signal: AbortSignal;
  /** Returns true if the work may be begun again. */
  mayRepeat: () => Promise<boolean>;
  firstPauseMs?: number;
}

/**
 * Begins long work on S3 again after a request that S3 did not answer: one of a million must not end it. The work finds what it has done.
 * @throws the error of the last try, and any other error at once.
 */
export async function untilS3Answers<Value>(
  work: () => Promise<Value>,
  { terminal, signal, mayRepeat, firstPauseMs = FIRST_PAUSE_MS }: PatienceOptions,
): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const isPassing = error instanceof Error && hasCode(error, 'storage.unavailable') && !signal.aborted;
      if (!isPassing || tries === MOST_TRIES || !(await mayRepeat())) throw error;
      const pauseMs = firstPauseMs * 2 ** (tries - 1);
      terminal.complain(`${error.message}; what is restored stays, and the work goes on in ${Math.ceil(pauseMs / 1000)} s`);
      // After an interruption the work ends by itself.
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
