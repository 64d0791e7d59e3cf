import { needsNewConnection, redisTroubleOf } from './redis-trouble.ts';

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 1000;
/** Time within which a second refusal counts as one of the same node. */
const SAME_TROUBLE_MS = 10_000;

/** Times and limits of a connection's replacement. */
export interface Reconnecting {
  retryStrategy(attempt: number): number;
  reconnectOnError(error: Error): boolean | 1 | 2;
}

/** Receiver of refusals of the connection and its duplicates, which share its options. */
export interface RefusalListener {
  /** Called with the words of a refusing node: a repeated command reports them to no caller. */
  refused(error: Error): void;
  /** Called after a command without a right. */
  denied(error: Error): void;
}

/**
 * Replaces a connection whose commands are refused: a demoted primary answers PING and reads, and leaves its connections open. If a new
 * connection meets the same refusal, the next attempts come later, so that an address of a replica is not stormed.
 * @param resend True to send the refused command, which ran nothing, again over the new connection; false to report it to its caller.
 * @param hears Receiver of refusals.
 */
export function createReconnecting(resend: boolean, hears: RefusalListener): Reconnecting {
  let wasRefused = false;
  let refusalsInARow = 0;
  let refusedAt = -Infinity;
  return {
    retryStrategy(attempt) {
      if (wasRefused) {
        const now = performance.now();
        refusalsInARow = now - refusedAt < SAME_TROUBLE_MS ? refusalsInARow + 1 : 0;
        refusedAt = now;
        wasRefused = false;
        return Math.min(FIRST_DELAY_MS * 2 ** Math.min(refusalsInARow, 10), MAX_DELAY_MS);
      }
      return Math.min(FIRST_DELAY_MS * attempt, MAX_DELAY_MS);
    },
    reconnectOnError(error) {
      if (!needsNewConnection(error)) {
        if (redisTroubleOf(error).reason === 'no-permission') hears.denied(error);
        return false;
      }
      wasRefused = true;
      hears.refused(error);
      return resend ? 2 : 1;
    },
  };
}
