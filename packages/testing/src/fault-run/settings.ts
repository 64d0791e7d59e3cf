import type { EmulatorSwitches } from '../fleet/stack.ts';

/** What one fault run is to be. */
export interface FaultRunSettings {
  generations: number;
  seed: number;
  workers: number;
  receivers: number;
  /** Orders a second, as long as not too many are open. */
  ordersPerSecond: number;
  /** Multiplies every waiting time: above 1 for a machine that is slow or busy. */
  scale: number;
  /** SIGKILLs of workers, receivers, emulator and S3. */
  kills: number;
  /** `kill -9` of Redis, rollbacks not counted. */
  redisKills: number;
  /** Redis taken back to an earlier moment. */
  rollbacks: number;
  /** How far each of these takes it back; drawn when absent. */
  rollback?: RollbackLength;
  /** Rollbacks to a moment before the provider answered 429. */
  rollbacksAfter429: number;
  /** As often each: a failover with open connections, silent connections, a full Redis. */
  failovers: number;
  /** How often the reconciler looks for what disagrees; when absent a twelfth of the resend window, as shipped. */
  reconcileEveryMs?: number;
  /** Callers that minted an id, and enqueue it only later; when absent 3 % of them, within an hour. */
  slowCallers?: { share: number; withinMs: number };
  /** Switches of the provider in place of those that are drawn. */
  switches?: EmulatorSwitches;
  /** The name of the scenario that these come from. */
  scenario?: string;
  /** When the provider forgets an id that it accepted; never when absent. */
  forget?: ForgetMode;
}

export interface RollbackLength {
  /** What Redis took in within so long is lost. */
  lostMs: number;
  /** Darkroom stood still for so long before that: the checkpoint that Redis goes back to is older by it. */
  idleMs?: number;
}

/**
 * `after-window`: twice the resend window after the acceptance, when nothing is sent again any more. `inside-window`: while it
 * may still be sent again, which then is a purchase (docs/guarantees.md).
 */
export type ForgetMode = 'after-window' | 'inside-window';
export const forgetModes = ['after-window', 'inside-window'] as const satisfies readonly ForgetMode[];

/** How many faults so many generations are put through when nobody says otherwise. */
export const usualFaults = (
  generations: number,
): Pick<FaultRunSettings, 'kills' | 'redisKills' | 'rollbacks' | 'rollbacksAfter429' | 'failovers'> => ({
  kills: Math.max(4, Math.round(generations / 40)),
  redisKills: Math.max(1, Math.round(generations / 600)),
  rollbacks: Math.max(1, Math.round(generations / 800)),
  rollbacksAfter429: Math.max(1, Math.round(generations / 2000)),
  failovers: Math.max(1, Math.round(generations / 800)),
});
