import { MAX_CHECKPOINT_AGE_MS, pauseKinds, type PauseKind } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { json } from '../corrupt-entry.ts';
import { pauseKey } from '../keys.ts';
import { findCheckpoint, type Checkpoint } from '../recovery/checkpoint.ts';
import { readServerRun } from '../recovery/server-run.ts';
import { hasCaps } from './caps.ts';

export interface BuyingPause {
  kind: PauseKind;
  /** Safe to show. */
  reason: string;
  /** Milliseconds since 1970. */
  since: number;
  /** Name of the operator who paused; absent for a pause of a process, and in one of an earlier version. */
  by?: string | undefined;
}

/**
 * Kind of a pause that stands. "restart" stands from each restart or failover of Redis until a worker has asked S3 what Redis may have
 * forgotten. "caps" stands while Redis does not hold the caps of the store. No command lifts either.
 */
export type StandingPause = BuyingPause | { kind: 'restart' | 'caps'; reason: string };

/** Kinds of all pauses that may stand. */
export const standingPauseKinds = [...pauseKinds, 'restart', 'caps'] as const;

/** The last moment of a Date (ECMA-262, "Time Values and Time Range"). */
const MAX_TIME = 8.64e15;

export const storedPauseSchema = json
  .pipe(z.object({ reason: z.string(), since: z.number().min(0).max(MAX_TIME), by: z.string().optional() }))
  // An unreadable pause pauses as well, and can be lifted.
  .catch({ reason: 'the stored pause cannot be read', since: 0 });

/**
 * Pauses buying. A pause of this kind that stands already keeps its reason.
 * @returns true if this call paused it.
 */
export async function pauseBuying(redis: Redis, prefix: string, { kind, reason, since, by }: BuyingPause): Promise<boolean> {
  return (await redis.hsetnx(pauseKey(prefix), kind, JSON.stringify({ reason, since, by }))) === 1;
}

/**
 * Lifts the pauses of these kinds.
 * @returns the number of pauses that stood.
 */
export async function resumeBuying(redis: Redis, prefix: string, kinds: readonly PauseKind[]): Promise<number> {
  return kinds.length === 0 ? 0 : redis.hdel(pauseKey(prefix), ...kinds);
}

/** Returns the pauses that stand; none while buying goes on. */
export async function readPauses(redis: Redis, prefix: string): Promise<StandingPause[]> {
  const [fields, { isOpen, isRecovering }, isCapped, checkpoint] = await Promise.all([
    redis.hgetall(pauseKey(prefix)),
    readServerRun(redis, prefix),
    hasCaps(redis, prefix),
    findCheckpoint(redis, prefix),
  ]);
  const pauses = pauseKinds.flatMap((kind): StandingPause[] => {
    const stored = fields[kind];
    return stored === undefined ? [] : [{ kind, ...storedPauseSchema.parse(stored) }];
  });
  if (isOpen && isRecovering) pauses.push({ kind: 'restart', reason: restartReason(checkpoint) });
  if (isOpen && !isCapped) pauses.push({ kind: 'caps', reason: 'redis does not hold the spend caps of the store' });
  return pauses;
}

const restartReason = (checkpoint: Checkpoint | undefined): string =>
  checkpoint !== undefined && checkpoint.ageMs > MAX_CHECKPOINT_AGE_MS
    ? 'redis came back as it was more than five days ago: if the workers say store.rebuild-needed, empty it and rebuild it from the bucket'
    : 'redis restarted, failed over or goes on from another copy of its data, and may have forgotten its last moments';

/** Returns the pauses that a process or an operator made, and that a command can lift. */
export const isLiftable = (pause: StandingPause): pause is BuyingPause => pause.kind !== 'restart' && pause.kind !== 'caps';
