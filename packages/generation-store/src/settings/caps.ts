import { defined, type CapName, capNames, CorruptRecordError, type Signature, type SpendCaps } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { readHash, parseEntry, whole } from '../corrupt-entry.ts';
import { capsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { money } from '../lua/money.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { sound } from '../lua/sound.ts';
import { applySetting } from './apply-setting.ts';
import { quoteSignature, readRestrictions, type Restriction, UNRECORDED } from './restrictions.ts';

const signature = nameArguments(['who', 'reason', 'signature']);
const given = nameArguments(['name', 'value'], signature.after);

/**
 * Lowers caps in Redis alone, a group for each, and notes that for a worker to record. A cap that is as low already stays. Replies 1 if one
 * was lowered, else 0; none is while Redis does not hold the caps.
 */
const restrictCapsScript = createLuaScript(/* lua */ `${prelude}${sound}${money}
local caps = capsOf(soundCaps())
if not caps then return 0 end
local names, entry, now = caps.names, nil, int(nowMs())
${signature.lua}
${given.each(signature.after)}
  if not caps[name] or tonumber(value) < tonumber(caps[name]) then
    if names and not caps[name] then names = names .. ' ' .. name end
    redis.call('HSET', KEYS[1], name, value)
    entry = (entry or now .. ' ' .. (caps.revision or '0')) .. ' ' .. name .. ' ' .. value
  end
end
if not entry then return 0 end
if names then redis.call('HSET', KEYS[1], 'names', names) end
if signature ~= '' then redis.call('HSET', KEYS[1], 'changedAt', now, 'changedBy', who, 'changedFor', reason) end
redis.call('RPUSH', KEYS[1] .. '${UNRECORDED}', entry .. signature)
return 1
`);

/** The caps as Redis holds them. */
export interface StoredCaps {
  /** Revision of the change in S3 that set them; absent for caps of earlier versions, for which S3 may hold no change. */
  revision?: number;
  caps: SpendCaps;
}

/** Operator, time and reason of the last change of the caps. */
export interface CapsChanged extends Signature {
  /** Redis time, in milliseconds since 1970. */
  at: number;
}

const fields: Readonly<Record<CapName, string>> = {
  allPerDay: 'all:day',
  allPerMonth: 'all:month',
  tenantPerDay: 'tenant:day',
  tenantPerMonth: 'tenant:month',
};

const storedSchema = z.object({
  'all:day': whole.optional(),
  'all:month': whole.optional(),
  'tenant:day': whole.optional(),
  'tenant:month': whole.optional(),
  /** Names of the caps that are set, so that a lost field is not taken for "no cap". */
  names: z.string().optional(),
  revision: whole.optional(),
});

/**
 * Reads the caps.
 * @returns undefined unless all are there (`capsOf` of the scripts): nothing is bought then.
 * @throws CorruptRecordError for unreadable caps.
 */
export async function findCaps(redis: Redis, prefix: string): Promise<StoredCaps | undefined> {
  const key = capsKey(prefix);
  return parseCaps(key, await readHash(redis, key));
}

/**
 * Parses the hash of the caps.
 * @returns undefined unless all are there.
 * @throws CorruptRecordError for unreadable caps.
 */
export function parseCaps(key: string, hash: Readonly<Record<string, string>>): StoredCaps | undefined {
  const { revision, names, ...stored } = parseEntry(key, storedSchema, hash);
  const isWhole = (names ?? '').split(' ').every((name) => name === '' || hash[name] !== undefined);
  if (stored['all:day'] === undefined || !isWhole || (revision !== undefined && names === undefined)) return undefined;
  const caps: SpendCaps = { allPerDay: stored['all:day'] };
  for (const name of capNames) {
    const cap = stored[fields[name] as keyof typeof stored]; // one of them by `fields`
    if (cap !== undefined) caps[name] = cap;
  }
  return { caps, ...defined({ revision }) };
}

/** Returns true if the caps are there and can be read. */
export const hasCaps = (redis: Redis, prefix: string): Promise<boolean> =>
  findCaps(redis, prefix).then(
    (found) => found !== undefined,
    (error: unknown) => {
      if (error instanceof CorruptRecordError) return false;
      throw error;
    },
  );

/** Caps by name with their new values; null means no cap. */
export type CapsToLower = Partial<Record<CapName, number | null>>;

/** An unrecorded restriction of caps: the caps that were lowered. */
export interface CapsRestriction extends Omit<Restriction, 'values'> {
  lowered: Partial<SpendCaps>;
}

/** Reads the restrictions of caps that are not recorded in S3. */
export async function findCapsRestrictions(redis: Redis, prefix: string): Promise<CapsRestriction[]> {
  const found = await readRestrictions(redis, capsKey(prefix));
  return found.map(({ values, ...noted }) => {
    const lowered: Partial<SpendCaps> = {};
    for (const name of capNames) {
      const cap = values[fields[name]];
      if (cap !== undefined) lowered[name] = cap;
    }
    return { ...noted, lowered };
  });
}

/**
 * Lowers the named caps in Redis alone. A cap that is as low already stays, and so does one to be lifted (null).
 * @param by Recorded with the change.
 * @returns true if one was lowered.
 */
export async function restrictCaps(redis: Redis, prefix: string, lowered: CapsToLower, by: Signature = {}): Promise<boolean> {
  const signed = signature.list({ who: by.who, reason: by.reason, signature: quoteSignature(by) });
  return (await restrictCapsScript.run(redis, capsKey(prefix), [prefix, ...signed, ...Object.entries(fieldsOf(lowered)).flat()])) === 1;
}

/**
 * Writes the caps, unless Redis holds those of a later revision, or a restriction that this does not carry.
 * @param carried The restrictions that these caps contain.
 * @returns true if they were written.
 */
export async function applyCaps(
  redis: Redis,
  prefix: string,
  { caps, revision, carried = [], changed }: Required<StoredCaps> & { carried?: readonly string[]; changed?: CapsChanged },
): Promise<boolean> {
  const set = fieldsOf(caps);
  const origin = changed && defined({ changedAt: changed.at, changedBy: changed.who, changedFor: changed.reason });
  return applySetting(redis, capsKey(prefix), { revision, carried, fields: { names: Object.keys(set).join(' '), ...set, ...origin } });
}

/** Reads who changed the caps, when and why; undefined for caps of an earlier version. */
export async function findCapsChange(redis: Redis, prefix: string): Promise<CapsChanged | undefined> {
  const [at, who, reason] = await redis.hmget(capsKey(prefix), 'changedAt', 'changedBy', 'changedFor');
  return /^\d{1,15}$/.test(at ?? '') ? defined({ at: Number(at), who: who || undefined, reason: reason || undefined }) : undefined;
}

/** Writes caps without a change in S3, as versions before the records of changes did. */
export async function setCaps(redis: Redis, prefix: string, caps: SpendCaps): Promise<void> {
  await redis.multi().del(capsKey(prefix)).hset(capsKey(prefix), fieldsOf(caps)).exec();
}

const fieldsOf = (caps: { [Name in CapName]?: number | null | undefined }): Record<string, number> =>
  Object.fromEntries(
    capNames.flatMap((name): [string, number][] => {
      const cap = caps[name];
      return cap === undefined || cap === null ? [] : [[fields[name], cap]];
    }),
  );
