import type { Redis } from 'ioredis';
import { z } from 'zod';
import { checkpointKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { noteFormat } from '../lua/stored-format.ts';

/** Time after which a deployment is over. Before that a worker of an earlier version may run, which marks no late ids. */
const CHECKPOINT_TRUSTED_AFTER_MS = 3_600_000;

/**
 * The checkpoint: Redis time, written again and again while nothing is forgotten. It lies in the memory that it describes: a Redis that
 * goes back to an earlier moment goes back to the checkpoint of that moment, and everything that it may have forgotten came later. "since"
 * is the time of the first checkpoint, 0 in a store that always had one. "comparedSince" is the checkpoint from which the last comparison began.
 *
 * While a rebuild reads on "since" counts as 0: a version without checkpoints finds no epoch then, and buys nothing. It may buy once the
 * reading ends, which sets "since" anew. A worker of an earlier version that knows readings writes "since" in them, and lists three days
 * for an hour. The number of the stored format is noted with it: in each store that is opened, rebuilt or met. After the prelude.
 */
export const checkpoint = /* lua */ `${noteFormat}
local function writeCheckpoint()
  noteFormat('1')
  local now = int(nowMs())
  if not isReading() then redis.call('HSETNX', prefix .. ':checkpoint', 'since', now) end
  redis.call('HSET', prefix .. ':checkpoint', 'at', now)
end

-- a version without checkpoints may run from now on
local function distrustCheckpoints()
  redis.call('HSET', prefix .. ':checkpoint', 'since', int(nowMs()))
end
`;

/** Writes the checkpoint; not while something may be forgotten, because the earlier one tells since when. */
const noteCheckpointScript = createLuaScript(/* lua */ `${prelude}${checkpoint}
if recovering() then return 0 end
writeCheckpoint()
return 1
`);

/**
 * Replies the checkpoint and its age. Replies nil without one, if its time lies in the future (the clock of Redis went back by an
 * unknown time), and for the first hour of checkpoints in a store of an earlier version, or in a rebuilt one.
 */
const findCheckpointScript = createLuaScript(/* lua */ `${prelude}
local known = redis.call('HMGET', KEYS[1], 'at', 'since')
local at, since, now = tonumber(known[1] or ''), isReading() and 0 or tonumber(known[2] or ''), nowMs()
if not at or not since or at > now or at - since < ${CHECKPOINT_TRUSTED_AFTER_MS} then return false end
return named({ at = at, ageMs = now - at })
`);

const checkpointSchema = namedReply(z.object({ at: number, ageMs: number })).nullable();

/** Stores Redis time as the moment up to which this memory is whole; not while it may have forgotten something. */
export const noteCheckpoint = async (redis: Redis, prefix: string): Promise<void> =>
  void (await noteCheckpointScript.run(redis, checkpointKey(prefix), [prefix]));

/** The moment after which a restored Redis may have forgotten something. */
export interface Checkpoint {
  /** Redis time, in milliseconds since 1970. */
  at: number;
  ageMs: number;
}

/**
 * Reads the checkpoint.
 * @returns undefined without a usable one: there is none, it lies ahead of Redis time, or checkpoints are new to this store.
 */
export async function findCheckpoint(redis: Redis, prefix: string): Promise<Checkpoint | undefined> {
  return checkpointSchema.parse(await findCheckpointScript.run(redis, checkpointKey(prefix), [prefix])) ?? undefined;
}
