import type { EmulatorSwitches } from '../fleet/stack.ts';

/** The settings of one fault run. */
export interface FaultRunSettings {
  generations: number;
  seed: number;
  workers: number;
  receivers: number;
  /** Orders a second, while few enough are open. */
  ordersPerSecond: number;
  /** Multiplies every wait: above 1 for a slow or busy machine. */
  scale: number;
  /** SIGKILLs of workers, receivers, emulator and S3. */
  kills: number;
  /** `kill -9` of Redis, without rollbacks. */
  redisKills: number;
  /** Times that Redis goes back to an earlier moment. */
  rollbacks: number;
  /** Length of each rollback; drawn when absent. */
  rollback?: RollbackLength;
  /** Rollbacks to a moment before the provider answered 429. */
  rollbacksAfter429: number;
  /** Number of faults of each kind: failover with open connections, silent connections, full Redis. */
  failovers: number;
  /** Time between two passes of the reconciler, while callers enqueue again; when absent a twelfth of the resend window, as in production. */
  reconcileEveryMs?: number;
  /** Share of callers that enqueue under an older id, and its greatest age; when absent 3 % and an hour. */
  slowCallers?: { share: number; withinMs: number };
  /** Share of callers that ask for missing images again; 70 % when absent. */
  retryShare?: number;
  /** Damaged entries and objects lie in Redis and S3 from the start. */
  damaged?: boolean;
  /** Switches of the provider that replace the drawn ones. */
  switches?: EmulatorSwitches;
  /** Name of the scenario that these settings come from. */
  scenario?: string;
  /** Time at which the provider forgets an accepted id; never when absent. */
  forget?: ForgetMode;
}

export interface RollbackLength {
  /** Time whose writes Redis loses, in milliseconds. */
  lostMs: number;
  /** Time for which Darkroom stood still before that: the checkpoint that Redis returns to is older by it. */
  idleMs?: number;
}

/**
 * `after-window`: after twice the resend window, when no worker sends the id again. `inside-window`: while a worker may still send
 * it again, which then is a purchase (docs/guarantees.md).
 */
export type ForgetMode = 'after-window' | 'inside-window';
export const forgetModes = ['after-window', 'inside-window'] as const satisfies readonly ForgetMode[];

/** Returns the usual number of each fault for a number of generations. */
export const usualFaults = (
  generations: number,
): Pick<FaultRunSettings, 'kills' | 'redisKills' | 'rollbacks' | 'rollbacksAfter429' | 'failovers'> => ({
  kills: Math.max(4, Math.round(generations / 40)),
  redisKills: Math.max(1, Math.round(generations / 600)),
  rollbacks: Math.max(1, Math.round(generations / 800)),
  rollbacksAfter429: Math.max(1, Math.round(generations / 2000)),
  failovers: Math.max(1, Math.round(generations / 800)),
});
