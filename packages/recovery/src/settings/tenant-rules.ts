import { changeRules, decodeTenant, type TenantRules, type TenantRulesChange } from '@darkroom/contracts';
import { changeSetting, type ChangedSetting } from './change-setting.ts';
import type { KeptSettings } from './ports.ts';
import { restoreSetting } from './restore-setting.ts';
import { keptTenantRules } from './setting-kinds.ts';

/**
 * Changes the named rules of a tenant, in S3 first and then in Redis.
 * @throws StorageError when S3 is away; nothing was changed then, unless its error says that the write may have arrived.
 */
export async function changeTenantRules(
  settings: KeptSettings,
  tenant: string,
  change: TenantRulesChange,
): Promise<ChangedSetting<TenantRules>> {
  const changed = await changeSetting(settings, keptTenantRules(tenant), (before = {}) => changeRules(before, change));
  if (changed === undefined) throw new Error('the rules of a tenant are never incomplete');
  return changed;
}

/** Tenants whose revisions are read in one trip. */
const READ_AT_ONCE = 1000;

/**
 * Makes Redis hold the newest rules of each tenant that S3 knows, and records those that stand in Redis alone. Lists one key for each change
 * that was ever made, and reads the changes that Redis lacks.
 * @returns the tenants whose rules were lost on one side. @throws StorageError when S3 is away or a change cannot be read.
 */
export async function restoreTenantRules(settings: KeptSettings): Promise<string[]> {
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
    const found = await restoreSetting(settings, keptTenantRules(tenant));
    if (found !== undefined && found.kind !== 'same') restored.push(tenant);
    // A mark of a restriction that is gone would lead each look to S3. One that is made now is not carried, and keeps its mark.
    else if (found !== undefined && restricted.has(tenant))
      await store.applyTenantRules(tenant, { revision: found.revision, rules: found.value });
  }
  return restored;
}
