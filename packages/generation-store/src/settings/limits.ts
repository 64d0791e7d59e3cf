import {
  defined,
  DEFAULT_TASKS_AT_PROVIDER,
  type FleetLimits,
  type FleetLimitsChange,
  fleetLimitsSchema,
  limitNames,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readHash, parseEntry, whole } from '../corrupt-entry.ts';
import { limitsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { applySetting } from './apply-setting.ts';
import { readRestrictions, type Restriction, UNRECORDED } from './restrictions.ts';

const given = nameArguments(['name', 'value']);

/**
 * Lowers limits in Redis alone, a group for each, and notes that for a worker to record. A limit that is as low already stays. Replies 1 if
 * one was lowered, else 0.
 */
const restrictLimitsScript = createLuaScript(/* lua */ `${prelude}
local limits, entry = hash(KEYS[1]), nil
local defaults = { tasksAtProvider = ${DEFAULT_TASKS_AT_PROVIDER} }
${given.each()}
  local current = limits[name] and (tonumber(limits[name]) or 0) or defaults[name]
  if not current or tonumber(value) < current then
    redis.call('HSET', KEYS[1], name, value)
    entry = (entry or int(nowMs()) .. ' ' .. (limits.revision or '0')) .. ' ' .. name .. ' ' .. value
  end
end
if not entry then return 0 end
redis.call('RPUSH', KEYS[1] .. '${UNRECORDED}', entry)
return 1
`);

/** The limits of the fleet as Redis holds them. */
export interface StoredLimits {
  /** Revision of the change in S3 that set them; 0 if S3 was found to hold none; absent for limits of which S3 may hold no change. */
  revision?: number;
  limits: FleetLimits;
}

const { tasksAtProvider, openImages, openImagesPerTenant } = fleetLimitsSchema.shape;

const storedSchema = z.object({
  tasksAtProvider: whole.pipe(tasksAtProvider.unwrap()).optional(),
  openImages: whole.pipe(openImages.unwrap()).optional(),
  openImagesPerTenant: whole.pipe(openImagesPerTenant.unwrap()).optional(),
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
  const { revision, ...stored } = parseEntry(key, storedSchema, hash);
  const limits: FleetLimits = defined(stored);
  if (revision === undefined && Object.keys(limits).length === 0) return undefined;
  return { limits, ...defined({ revision }) };
}

/** An unrecorded restriction of limits. */
export interface LimitsRestriction extends Omit<Restriction, 'values'> {
  lowered: FleetLimits;
}

/** Reads the restrictions of limits that are not recorded in S3. */
export async function findLimitsRestrictions(redis: Redis, prefix: string): Promise<LimitsRestriction[]> {
  const found = await readRestrictions(redis, limitsKey(prefix));
  return found.map(({ values, ...noted }) => ({
    ...noted,
    lowered: defined(Object.fromEntries(limitNames.map((name) => [name, values[name]]))),
  }));
}

/**
 * Lowers the named limits in Redis alone. A limit that is as low already stays, and so does one to be lifted (null).
 * @returns true if one was lowered.
 */
export async function restrictLimits(redis: Redis, prefix: string, change: FleetLimitsChange): Promise<boolean> {
  const lowered = Object.entries(change).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return (await restrictLimitsScript.run(redis, limitsKey(prefix), [prefix, ...lowered.flat()])) === 1;
}

/**
 * Writes the limits, unless Redis holds those of a later revision, or a restriction that this does not carry.
 * @param carried The restrictions that these limits contain.
 * @returns true if they were written.
 */
export const applyLimits = (
  redis: Redis,
  prefix: string,
  { limits, revision, carried = [] }: Required<StoredLimits> & { carried?: readonly string[] },
): Promise<boolean> => applySetting(redis, limitsKey(prefix), { revision, carried, fields: defined({ ...limits }) });
