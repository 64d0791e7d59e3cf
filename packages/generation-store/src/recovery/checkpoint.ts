import type { Redis } from 'ioredis';
import { z } from 'zod';
import { checkpointKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

/** A deployment is over by then. Before, a worker of an earlier version may run, which marks no late ids. */
const CHECKPOINT_TRUSTED_AFTER_MS = 3_600_000;

/**
 * The checkpoint: Redis time, written again and again while nothing is forgotten. It lies in the memory that it speaks of: a Redis that
 * goes back to an earlier moment goes back to the checkpoint of that moment, and all that it may have forgotten came after it. "since" is
 * when the first one was written, 0 in a store that was never used without.
 *
 * While a rebuild reads on it counts as 0: a version without checkpoints finds no epoch then, and buys nothing. It may from the end of the reading
 * on, which begins "since" anew. A worker of an earlier version that knows readings writes "since" in them, and lists three days for an hour.
 * After the prelude.
 */
export const checkpoint = /* lua */ `
local function writeCheckpoint()
  local now = int(nowMs())
  if not isReading() then redis.call('HSETNX', prefix .. ':checkpoint', 'since', now) end
  redis.call('HSET', prefix .. ':checkpoint', 'at', now)
end

-- a version without checkpoints may run from now on
local function distrustCheckpoints()
  redis.call('HSET', prefix .. ':checkpoint', 'since', int(nowMs()))
end
`;

/** Writes the checkpoint; not while something may be forgotten, since when the one of before tells. */
const noteCheckpointScript = createLuaScript(/* lua */ `${prelude}${checkpoint}
if recovering() then return 0 end
writeCheckpoint()
return 1
`);

/**
 * Replies the checkpoint and how old it is, or nothing: without one, where its time lies ahead (the clock of Redis went back, and nothing
 * tells how far), and for the first hour of checkpoints in a store of an earlier version, or in one that was rebuilt.
 */
const findCheckpointScript = createLuaScript(/* lua */ `${prelude}
local known = redis.call('HMGET', KEYS[1], 'at', 'since')
local at, since, now = tonumber(known[1] or ''), isReading() and 0 or tonumber(known[2] or ''), nowMs()
if not at or not since or at > now or at - since < ${CHECKPOINT_TRUSTED_AFTER_MS} then return {} end
return { int(at), int(now - at) }
`);

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
