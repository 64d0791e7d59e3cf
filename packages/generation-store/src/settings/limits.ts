import { defined, DEFAULT_TASKS_AT_PROVIDER, type FleetLimits, fleetLimitsSchema } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readHash, parseEntry, whole } from '../corrupt-entry.ts';
import { limitsKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { prelude } from '../lua/prelude.ts';
import { applySetting } from './apply-setting.ts';
import { readRestrictions, type Restriction, UNRECORDED } from './restrictions.ts';

/** Lowers the limit of tasks in Redis alone, and notes that for a worker to record. Replies 1 if it was lowered, else 0. */
const restrictLimitsScript = createNamedScript(['limit', 'defaultLimit'])(/* lua */ `${prelude}
local limits = hash(KEYS[1])
local current = tonumber(limits.tasksAtProvider or defaultLimit) or 0
if tonumber(limit) >= current then return 0 end
redis.call('HSET', KEYS[1], 'tasksAtProvider', limit)
redis.call('RPUSH', KEYS[1] .. '${UNRECORDED}', int(nowMs()) .. ' ' .. (limits.revision or '0') .. ' tasksAtProvider ' .. limit)
return 1
`);

/** The limits of the fleet as Redis holds them. */
export interface StoredLimits {
  /** Revision of the change in S3 that set them; 0 if S3 was found to hold none; absent for limits of which S3 may hold no change. */
  revision?: number;
  limits: FleetLimits;
}

const storedSchema = z.object({
  tasksAtProvider: whole.pipe(fleetLimitsSchema.shape.tasksAtProvider.unwrap()).optional(),
  revision: whole.optional(),
});

/**
 * Reads the limits.
 * @returns undefined if Redis holds none.
 * @throws CorruptRecordError for unreadable limits.
 */
export async function findLimits(redis: Redis, prefix: string): Promise<StoredLimits | undefined> {
  const key = limitsKey(prefix);
  return parseLimits(key, await readHash(redis, key));
}

/**
 * Parses the hash of the limits.
 * @returns undefined if Redis holds none.
 * @throws CorruptRecordError for unreadable limits.
 */
export function parseLimits(key: string, hash: Readonly<Record<string, string>>): StoredLimits | undefined {
  const { revision, tasksAtProvider } = parseEntry(key, storedSchema, hash);
  if (revision === undefined && tasksAtProvider === undefined) return undefined;
  return { limits: tasksAtProvider === undefined ? {} : { tasksAtProvider }, ...defined({ revision }) };
}

/** An unrecorded restriction of limits. */
export interface LimitsRestriction extends Omit<Restriction, 'values'> {
  lowered: FleetLimits;
}

/** Reads the restrictions of limits that are not recorded in S3. */
export async function findLimitsRestrictions(redis: Redis, prefix: string): Promise<LimitsRestriction[]> {
  const found = await readRestrictions(redis, limitsKey(prefix));
  return found.map(({ values: { tasksAtProvider }, ...noted }) => ({
    ...noted,
    lowered: tasksAtProvider === undefined ? {} : { tasksAtProvider },
  }));
}

/**
 * Lowers the limit of tasks in Redis alone.
 * @returns true if it was lowered.
 */
export async function restrictLimits(redis: Redis, prefix: string, { tasksAtProvider }: FleetLimits): Promise<boolean> {
  if (tasksAtProvider === undefined) return false;
  const limits = { limit: tasksAtProvider, defaultLimit: DEFAULT_TASKS_AT_PROVIDER };
  return (await restrictLimitsScript.run(redis, limitsKey(prefix), prefix, limits)) === 1;
}

/**
 * Writes the limits, unless Redis holds those of a later revision, or a restriction that this does not carry.
 * @param carried The restrictions that these limits contain.
 * @returns true if they were written.
 */
export async function applyLimits(
  redis: Redis,
  prefix: string,
  { limits, revision, carried = [] }: Required<StoredLimits> & { carried?: readonly string[] },
): Promise<boolean> {
  const { tasksAtProvider } = limits;
  return applySetting(redis, limitsKey(prefix), { revision, carried, fields: tasksAtProvider === undefined ? {} : { tasksAtProvider } });
}
