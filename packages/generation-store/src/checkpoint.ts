import type { Redis } from 'ioredis';
import { z } from 'zod';
import { checkpointKey } from './keys.ts';
import { findCheckpointScript, noteCheckpointScript } from './scripts/server-run.ts';

/** Keeps Redis time as the moment up to which this memory is whole; while it may have forgotten something nothing is written. */
export const noteCheckpoint = async (redis: Redis, prefix: string): Promise<void> =>
  void (await noteCheckpointScript.run(redis, checkpointKey(prefix), [prefix]));

/** The moment since when a Redis that came back may have forgotten something. */
export interface Checkpoint {
  /** Redis time, in milliseconds since 1970. */
  at: number;
  ageMs: number;
}

/** @returns undefined when no checkpoint tells: there is none, it lies ahead of Redis time, or checkpoints are new to this store. */
export async function findCheckpoint(redis: Redis, prefix: string): Promise<Checkpoint | undefined> {
  const reply = await findCheckpointScript.run(redis, checkpointKey(prefix), [prefix]);
  const [at, ageMs] = z.union([z.tuple([]), z.tuple([z.coerce.number(), z.coerce.number()])]).parse(reply);
  return at === undefined || ageMs === undefined ? undefined : { at, ageMs };
}
