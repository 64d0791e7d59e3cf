import { STORED_FORMAT } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { epochKey, readingKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { flag, namedReply } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { checkpoint } from './checkpoint.ts';
import { createSeenState, seenArguments, type SeenState } from './seen-state.ts';

/**
 * Names the memory that a comparison concerns: it stays the same while the comparison lasts, unless Redis goes back once more. Of the memory
 * only the count: processes that have seen different ones of one count would change the name again and again.
 */
const memoryName = /* lua */ `
local function memoryName()
  return int(memoryCount(redis.call('GET', prefix .. ':memory') or '')) .. ' ' .. (redis.call('HGET', prefix .. ':checkpoint', 'at') or '')
end
`;

/** Opens a new store (I9): its memory is whole, because it never held anything. Replies 1, or 0 if it is open. */
const initialiseScript = createNamedScript(['epoch', 'ownerId'])(/* lua */ `${prelude}${checkpoint}
if isReading() or not redis.call('SET', KEYS[1], epoch, 'NX') then return 0 end
trustServer()
if ownerId ~= '' then redis.call('SET', prefix .. ':owner', ownerId) end
redis.call('DEL', prefix .. ':owner-claim')
beginMemory()
-- nothing of an earlier version uses a new store
noteFormat('${STORED_FORMAT}')
redis.call('HSET', prefix .. ':checkpoint', 'since', 0)
writeCheckpoint()
return 1
`);

/** Replies the state of the server and of the store. While the server is not compared with S3, the reply names no memory of the store. */
const readServerRunScript = createNamedScript(seenArguments)(/* lua */ `${prelude}${memoryName}
noticeOlderMemory(seenEpoch, seenMemory, seenAt)
local epoch, isRecovering = epochOf(), recovering()
return named({
  run = serverName(), isOpen = isOpen(), isRecovering = isRecovering, memory = memoryName(), storeEpoch = epoch,
  storeMemory = not isRecovering and redis.call('GET', prefix .. ':memory') or nil, storeAt = redis.call('HGET', prefix .. ':checkpoint', 'at') or nil,
})
`);

/**
 * Notes that the memory of this server was compared with S3. A server that restarted or was promoted since has another name, and is not
 * confirmed.
 */
const confirmComparisonScript = createNamedScript(['run', 'memory'])(/* lua */ `${prelude}${checkpoint}${memoryName}
if not isOpen() or serverName() ~= run then return 0 end
-- several workers may compare, and nothing was forgotten between the first confirmation and the next
if not recovering() then return 1 end
-- the one that compared may have stood still, and this server may have got another memory since
if memoryName() ~= memory then return 0 end
-- the other server may have gone on from there, if there is one
local since = redis.call('HGET', prefix .. ':checkpoint', 'at')
if since then redis.call('HSET', prefix .. ':checkpoint', 'comparedSince', since) end
trustServer()
beginMemory()
writeCheckpoint()
return 1
`);

/** One life of a Redis server's memory: after a restart or a failover it is another, which may know less. */
export interface ServerRun {
  /** Names that the server gives itself and the history of its data (`run_id` and `master_replid` of INFO). */
  run: string;
  /** True if the store holds an epoch (I9). */
  isOpen: boolean;
  /** True until the memory of this run was compared with S3: nothing is bought, and what is enqueued holds no money yet. */
  isRecovering: boolean;
  /** Name of the memory that this run holds now. */
  memory: string;
}

/** The memory that was compared with S3. */
export type ComparedMemory = Pick<ServerRun, 'run' | 'memory'>;

const serverRunSchema = namedReply(
  z.object({
    run: z.string(),
    isOpen: flag,
    isRecovering: flag,
    memory: z.string(),
    storeEpoch: z.string().default(''),
    storeMemory: z.string().default(''),
    storeAt: z.string().default(''),
  }),
);

/**
 * Reads the state of the server.
 * @param seen State that this process has seen of the store: a Redis with an older state is recovering from now on.
 */
export async function readServerRun(redis: Redis, prefix: string, seen: SeenState = createSeenState()): Promise<ServerRun> {
  const reply = await readServerRunScript.run(redis, epochKey(prefix), prefix, seen.asArguments());
  const { storeEpoch, storeMemory, storeAt, ...run } = serverRunSchema.parse(reply);
  seen.note({ epoch: storeEpoch, memory: storeMemory, at: storeAt });
  return run;
}

/** Returns true for a usable store: it holds an epoch (I9). */
export const isInitialised = async (redis: Redis, prefix: string): Promise<boolean> =>
  (await Promise.all([redis.exists(epochKey(prefix)), redis.exists(readingKey(prefix))])).includes(1);

/**
 * Writes the epoch of a new store, and the owner of its bucket.
 * @returns false if there is an epoch.
 */
export const initialise = async (redis: Redis, prefix: string, epoch: string, ownerId = ''): Promise<boolean> =>
  (await initialiseScript.run(redis, epochKey(prefix), prefix, { epoch, ownerId })) === 1;

/**
 * Lets buying go on after the memory of this run was compared.
 * @returns false if it is another run or another memory by now, or there is no epoch.
 */
export const confirmComparison = async (redis: Redis, prefix: string, { run, memory }: ComparedMemory): Promise<boolean> =>
  (await confirmComparisonScript.run(redis, epochKey(prefix), prefix, { run, memory })) === 1;
