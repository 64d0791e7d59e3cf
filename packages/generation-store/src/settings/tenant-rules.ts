import {
  decodeTenant,
  defined,
  encodeTenant,
  strictestTenantRules,
  type TenantRules,
  tenantNumbers,
  type TenantRulesChange,
  tenantRulesSchema,
  tenantSwitches,
} from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseEntry, passByCorrupt, readHash, whole } from '../corrupt-entry.ts';
import { restrictedTenantsKey, tenantRulesKey, tenantsWithRulesKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { applySetting } from './apply-setting.ts';
import { readRestrictions, type Restriction } from './restrictions.ts';

/** No encoded name of a tenant ends like this: its "~" would begin two hex digits. */
const UNRECORDED = '~unrecorded';

const given = nameArguments(['member']);
const switches = nameArguments(['name'], given.after);

/**
 * Switches rules of a tenant on in Redis alone, and notes that for a worker to record. Replies 1 if one was switched on, else 0. A key of
 * another type holds no rules; S3 does.
 */
const restrictScript = createLuaScript(/* lua */ `${prelude}
${given.lua}
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
local rules, entry = hash(KEYS[1]), nil
${switches.each()}
  if not rules[name] then
    redis.call('HSET', KEYS[1], name, '1')
    entry = (entry or int(nowMs()) .. ' ' .. (rules.revision or '0')) .. ' ' .. name .. ' 1'
  end
end
if not entry then return 0 end
redis.call('RPUSH', KEYS[1] .. '${UNRECORDED}', entry)
redis.call('SADD', prefix .. ':tenants-with-rules', member)
redis.call('SADD', prefix .. ':tenants-restricted', member)
return 1
`);

/** The rules of a tenant as Redis holds them. */
export interface StoredTenantRules {
  /** Revision of the change in S3 that set them; 0 if S3 was found to hold none; absent for rules of which S3 may hold no change. */
  revision?: number;
  rules: TenantRules;
  /** True if their newest change in S3 cannot be read: the strictest hold, and nothing is erased by its age. */
  isDamaged?: true;
}

const { weight, retainRequestsDays, retainImagesDays } = tenantRulesSchema.shape;
/** Whatever stands there: a damaged one applies, too. */
const isOn = z
  .string()
  .optional()
  .transform((value) => (value === undefined ? undefined : (true as const)));

const storedSchema = z.object({
  requireSafetyCheck: isOn,
  withholdFlagged: isOn,
  weight: whole.pipe(weight.unwrap()).optional(),
  retainRequestsDays: whole.pipe(retainRequestsDays.unwrap()).optional(),
  retainImagesDays: whole.pipe(retainImagesDays.unwrap()).optional(),
  revision: whole.optional(),
  damaged: isOn,
});

/**
 * Reads the rules of a tenant.
 * @returns undefined if Redis holds none.
 * @throws CorruptRecordError for unreadable rules.
 */
export async function findTenantRules(redis: Redis, prefix: string, tenant: string): Promise<StoredTenantRules | undefined> {
  const key = tenantRulesKey(prefix, tenant);
  return parseRules(key, await readHash(redis, key));
}

function parseRules(key: string, hash: Readonly<Record<string, string>>): StoredTenantRules | undefined {
  const { revision, damaged: isDamaged, ...stored } = parseEntry(key, storedSchema, hash);
  const rules: TenantRules = { ...defined(stored), ...(isDamaged && strictestTenantRules) };
  if (revision === undefined && Object.keys(rules).length === 0) return undefined;
  return { rules, ...defined({ revision, isDamaged }) };
}

/** Lists the tenants that have or had rules, in no order. */
export const listTenantsWithRules = async (redis: Redis, prefix: string): Promise<string[]> =>
  (await readSet(redis, tenantsWithRulesKey(prefix))).map(decodeTenant);

/** Lists the tenants of which a change that restricts stands in Redis alone, in no order. */
export const listRestrictedTenants = async (redis: Redis, prefix: string): Promise<string[]> =>
  (await readSet(redis, restrictedTenantsKey(prefix))).map(decodeTenant);

/** Reads a set. A key of another type holds nothing, and is removed. */
async function readSet(redis: Redis, key: string): Promise<string[]> {
  try {
    return await redis.smembers(key);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('WRONGTYPE')) throw error;
    await redis.del(key);
    return [];
  }
}

/** Reads the revision of the rules of each of some tenants, in their order; undefined for one without readable rules. */
export async function readTenantRevisions(redis: Redis, prefix: string, tenants: readonly string[]): Promise<(number | undefined)[]> {
  const pipeline = redis.pipeline();
  for (const tenant of tenants) pipeline.hgetall(tenantRulesKey(prefix, tenant));
  const replies = (await pipeline.exec()) ?? [];
  return tenants.map((tenant, at) => {
    const [error, hash] = replies[at] ?? [new Error('the pipeline was discarded')];
    if (error === null) return revisionOf(tenantRulesKey(prefix, tenant), hash as Record<string, string>); // the reply of HGETALL
    if (error.message.startsWith('WRONGTYPE')) return undefined;
    throw error;
  });
}

function revisionOf(key: string, hash: Readonly<Record<string, string>>): number | undefined {
  try {
    return parseRules(key, hash)?.revision;
  } catch (error) {
    return passByCorrupt(error);
  }
}

/** Notes that the rules of a tenant cannot be read. Without a revision each look asks S3 for them again. */
const holdDamagedScript = createLuaScript(/* lua */ `${prelude}
${given.lua}
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'damaged', 1)
redis.call('HDEL', KEYS[1], 'revision')
redis.call('SADD', prefix .. ':tenants-with-rules', member)
`);

/** Lets the strictest rules hold for a tenant until its newest change in S3 can be read, or another one is made. */
export const holdDamagedRules = async (redis: Redis, prefix: string, tenant: string): Promise<void> =>
  void (await holdDamagedScript.run(redis, tenantRulesKey(prefix, tenant), [prefix, ...given.list({ member: encodeTenant(tenant) })]));

/** An unrecorded restriction of the rules of a tenant: the rules that were switched on. */
export interface TenantRestriction extends Omit<Restriction, 'values'> {
  lowered: TenantRules;
}

/** Reads the restrictions of the rules of a tenant that are not recorded in S3. */
export async function findTenantRestrictions(redis: Redis, prefix: string, tenant: string): Promise<TenantRestriction[]> {
  const found = await readRestrictions(redis, tenantRulesKey(prefix, tenant), UNRECORDED);
  return found.map(({ values, ...noted }) => {
    const lowered: TenantRules = {};
    for (const name of tenantSwitches) if (values[name] !== undefined) lowered[name] = true;
    return { ...noted, lowered };
  });
}

/**
 * Switches rules of a tenant on in Redis alone, if the change does so.
 * @returns true if one was switched on.
 */
export async function restrictTenant(redis: Redis, prefix: string, tenant: string, change: TenantRulesChange): Promise<boolean> {
  const names = tenantSwitches.filter((name) => change[name] === true);
  const member = encodeTenant(tenant);
  return (await restrictScript.run(redis, tenantRulesKey(prefix, tenant), [prefix, ...given.list({ member }), ...names])) === 1;
}

/**
 * Writes the rules of a tenant, unless Redis holds those of a later revision, or a restriction that this does not carry.
 * @param carried The restrictions that these rules contain.
 * @returns true if they were written.
 */
export async function applyTenantRules(
  redis: Redis,
  prefix: string,
  tenant: string,
  { rules, revision, carried = [] }: Required<Omit<StoredTenantRules, 'isDamaged'>> & { carried?: readonly string[] },
): Promise<boolean> {
  const member = encodeTenant(tenant);
  const fields: Record<string, number> = {};
  for (const name of tenantSwitches) if (rules[name] === true) fields[name] = 1;
  for (const name of tenantNumbers) if (rules[name] !== undefined) fields[name] = rules[name];
  // First: a tenant without rules in the set is harmless, and one outside of it would not be found.
  if (revision > 0) await redis.sadd(tenantsWithRulesKey(prefix), member);
  return applySetting(redis, tenantRulesKey(prefix, tenant), {
    revision,
    carried,
    fields,
    unrecordedEnd: UNRECORDED,
    restricted: { key: restrictedTenantsKey(prefix), member },
  });
}
