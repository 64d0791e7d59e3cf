import { needsNewConnection, redisTroubleOf } from './redis-trouble.ts';

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 1000;
/** A connection that was refused again within this time has met the same node again. */
const SAME_TROUBLE_MS = 10_000;

/** When and how soon a connection is replaced. */
export interface Reconnecting {
  retryStrategy(attempt: number): number;
  reconnectOnError(error: Error): boolean | 1 | 2;
}

/** Is told of refusals of the connection and its duplicates, which share its options. */
export interface RefusalListener {
  /** Called with the words of a node that refused: a command that is sent again tells no caller. */
  refused(error: Error): void;
  /** Called when a command met a right that its user lacks. */
  denied(error: Error): void;
}

/**
 * Replaces a connection that is refused: a demoted primary answers PING and reads, and leaves its connections open.
 * Where a new connection meets the same refusal, the next tries come later: an address that leads to a replica for good must
 * not be stormed.
 * @param resend What becomes of the refused command, which ran nothing: sent again over the new connection, or its caller is told.
 * @param hears Told of refusals.
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
