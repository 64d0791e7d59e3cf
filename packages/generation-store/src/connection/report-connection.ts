import { describeRedisAddress } from './redis-address.ts';
import { redisCureOf } from './redis-cure.ts';
import type { ConnectionState } from './watch-connection.ts';

/** The used part of a process' logger. */
export interface ConnectionLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Delay of the line "closed": a failed new connection gives a better reason a moment later. */
const SETTLE_MS = 300;
/** Time between two lines about one cause. */
const REPEAT_MS = 60_000;

export interface ConnectionReport {
  note(state: ConnectionState): void;
  close(): void;
}

/**
 * Writes one line when Redis is lost, one when the cause changes, one a minute while it lasts, and one when Redis is usable again. The
 * lines name the address without its password.
 */
export function reportConnection(url: string, log: ConnectionLog): ConnectionReport {
  const redis = describeRedisAddress(url);
  let timer: NodeJS.Timeout | undefined;
  let lostAt: number | undefined;
  let toldReason: string | undefined;

  const tellLoss = (state: Extract<ConnectionState, { kind: 'lost' }>): void => {
    const { reason, words, cure = redisCureOf(reason) } = state.trouble;
    const forMs = Math.round(performance.now() - state.since);
    log.error({ event: 'redis.lost', redis, reason, words, forMs, cure }, 'redis cannot be used');
    toldReason = reason;
    timer = setTimeout(() => tellLoss(state), REPEAT_MS);
    timer.unref();
  };
  return {
    note(state) {
      clearTimeout(timer);
      switch (state.kind) {
        case 'lost':
          lostAt ??= state.since;
          timer = setTimeout(() => tellLoss(state), state.trouble.reason === toldReason ? REPEAT_MS : SETTLE_MS);
          timer.unref();
          return;
        case 'usable':
          if (lostAt !== undefined)
            log.info(
              { event: 'redis.regained', redis, lostForMs: Math.round(performance.now() - lostAt), reason: toldReason },
              'redis can be used again',
            );
          lostAt = undefined;
          toldReason = undefined;
          return;
        case 'connecting':
          return;
        default:
          return state satisfies never;
      }
    },
    close: () => clearTimeout(timer),
  };
}
