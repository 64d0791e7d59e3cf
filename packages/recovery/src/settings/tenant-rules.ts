import {
  buildSettingRecord,
  changeRules,
  DarkroomError,
  decodeTenant,
  hasCode,
  rulesPermitMore,
  StorageError,
  strictestTenantRules,
  tenantFolder,
  type TenantRules,
  type TenantRulesChange,
} from '@darkroom/contracts';
import { changeSetting, type ChangedSetting } from './change-setting.ts';
import type { KeptSettings } from './ports.ts';
import { restoreSetting } from './restore-setting.ts';
import { keptTenantRules } from './setting-kinds.ts';

/**
 * Changes the named rules of a tenant, in S3 first and then in Redis. If its newest change in S3 is damaged, the strictest rules held, and the
 * change is made in these.
 * @throws StorageError when S3 is away; nothing was changed then, unless its error says that the write may have arrived.
 */
export async function changeTenantRules(
  settings: KeptSettings,
  tenant: string,
  change: TenantRulesChange,
): Promise<ChangedSetting<TenantRules>> {
  try {
    const changed = await changeSetting(settings, keptTenantRules(tenant), (before = {}) => changeRules(before, change));
    if (changed === undefined) throw new Error('the rules of a tenant are never incomplete');
    return changed;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return replaceDamaged(settings, tenant, change, error);
  }
}

/** True for a change in S3 that cannot be read; one of a later version is not damaged, and is left to that version. */
const isDamage = (error: unknown): error is DarkroomError =>
  error instanceof DarkroomError && error.code === 'storage.corrupt-record' && error.details?.['laterVersion'] === undefined;

const retentions = ['retainRequestsDays', 'retainImagesDays'] as const;

/**
 * Refuses a change that would leave the retention of a tenant to chance: the general one may delete what a lost rule kept.
 * @throws StorageError that names the rules to give.
 */
function checkRetention(known: TenantRules, change: TenantRulesChange, damage: DarkroomError): void {
  const unknown = retentions.filter((name) => known[name] === undefined && change[name] === undefined);
  if (unknown.length === 0) return;
  throw new StorageError(
    'storage.corrupt-record',
    `${damage.message}; ${unknown.join(' and ')} cannot be read and must be named too, with "none" for no rule`,
    {
      cause: damage,
      reached: 'no',
    },
  );
}

/** Records rules on top of a damaged change. @throws the error of that change if another one was made meanwhile. */
async function replaceDamaged(
  { store, archive }: KeptSettings,
  tenant: string,
  change: TenantRulesChange,
  damage: DarkroomError,
): Promise<ChangedSetting<TenantRules>> {
  // Redis may hold numbers that were read before the damage.
  const before = { ...(await store.findTenantRules(tenant))?.rules, ...strictestTenantRules };
  checkRetention(before, change, damage);
  const [after, id] = [changeRules(before, change), tenantFolder(tenant)];
  const { isOpen, isRecovering } = await store.readServerRun();
  if (isOpen && isRecovering && rulesPermitMore(before, after)) return { kind: 'recovering', before };
  const at = await store.readTime();
  let last = 0;
  for await (const each of archive.listSettings('tenants')) if (each.id === id) last = each.revision;
  const revision = last + 1;
  if (!(await archive.recordSetting(buildSettingRecord('tenants', { revision, at, by: 'operator', before: null, after }, id))))
    throw damage;
  await store.applyTenantRules(tenant, {
    revision,
    rules: after,
    carried: (await store.findTenantRestrictions(tenant)).map(({ entry }) => entry),
  });
  return { kind: 'changed', before, after, revision };
}

/** Tenants whose revisions are read in one trip. */
const READ_AT_ONCE = 1000;

/**
 * Makes Redis hold the newest rules of each tenant that S3 knows, and records those that stand in Redis alone. Lists one key for each change
 * that was ever made, and reads the changes that Redis lacks. One that cannot be read stops no other tenant: the strictest rules hold for its own.
 * @param onDamaged Called with each tenant whose newest change cannot be read.
 * @returns the tenants whose rules were lost on one side. @throws StorageError when S3 is away.
 */
export async function restoreTenantRules(
  settings: KeptSettings,
  onDamaged: (tenant: string, error: unknown) => void = () => undefined,
): Promise<string[]> {
  const { store, archive } = settings;
  const inRedis = await store.listTenantsWithRules();
  const kept = new Map<string, number>();
  for await (const { id, revision } of archive.listSettings('tenants')) kept.set(decodeTenant(id), revision);
  const restricted = new Set(await store.listRestrictedTenants());
  const wanted = new Set(restricted);
  const all = [...new Set([...kept.keys(), ...inRedis])];
  for (let from = 0; from < all.length; from += READ_AT_ONCE) {
    const some = all.slice(from, from + READ_AT_ONCE);
    const known = await store.readTenantRevisions(some);
    for (const [at, tenant] of some.entries()) {
      const revision = known[at];
      if (revision === undefined || revision < (kept.get(tenant) ?? 0)) wanted.add(tenant);
    }
  }
  const restored: string[] = [];
  for (const tenant of wanted) {
    const found = await restoreSetting(settings, keptTenantRules(tenant)).catch(async (error: unknown) => {
      if (!hasCode(error, 'storage.corrupt-record')) throw error;
      // Of a change of a later version Redis keeps what it has.
      if (isDamage(error)) await store.holdDamagedRules(tenant);
      onDamaged(tenant, error);
      return undefined;
    });
    if (found === undefined) continue;
    if (found.kind !== 'same') restored.push(tenant);
    // A mark of a restriction that is gone would lead each look to S3. One that is made now is not carried, and keeps its mark.
    else if (restricted.has(tenant)) await store.applyTenantRules(tenant, { revision: found.revision, rules: found.value });
  }
  return restored;
}
