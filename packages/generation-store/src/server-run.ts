import type { Redis } from 'ioredis';
import { z } from 'zod';
import { epochKey } from './keys.ts';
import { createSeenState, type SeenState } from './seen-state.ts';
import { confirmComparisonScript, initialiseScript, readServerRunScript } from './scripts/server-run.ts';

/** One life of a Redis server's memory: after a restart or a failover it is another, which may know less. */
export interface ServerRun {
  /** By the names that the server gives itself and the history of its data (`run_id` and `master_replid` of INFO). */
  run: string;
  /** Whether the store holds an epoch (I9). */
  isOpen: boolean;
  /** True until the memory of this run was compared with S3: nothing is bought, and what is enqueued holds no money yet. */
  isRecovering: boolean;
}

const flag = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1);

/** @param seen What this process has seen of the store: a Redis that holds an older state is recovering from now on. */
export async function readServerRun(redis: Redis, prefix: string, seen: SeenState = createSeenState()): Promise<ServerRun> {
  const [run, isOpen, isRecovering, epoch, memory, at] = z
    .tuple([z.string(), flag, flag, z.string(), z.string(), z.string()])
    .parse(await readServerRunScript.run(redis, epochKey(prefix), [prefix, ...seen.asArguments()]));
  seen.note({ epoch, memory, at });
  return { run, isOpen, isRecovering };
}

/** Writes the epoch of a new store, and the owner that its bucket has. @returns false when there is an epoch. */
export const initialise = async (redis: Redis, prefix: string, epoch: string, ownerId = ''): Promise<boolean> =>
  flag.parse(await initialiseScript.run(redis, epochKey(prefix), [prefix, epoch, ownerId]));

/** Lets buying go on after the memory of this run was compared. @returns false when it is another run by now, or there is no epoch. */
export const confirmComparison = async (redis: Redis, prefix: string, run: string): Promise<boolean> =>
  flag.parse(await confirmComparisonScript.run(redis, epochKey(prefix), [prefix, run]));
