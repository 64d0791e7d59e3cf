import {
  areSameRules,
  defined,
  capNames,
  capsPermitMore,
  limitNames,
  limitOf,
  rulesPermitMore,
  tenantFolder,
  type FleetLimits,
  type SettingKind,
  type SettingValue,
  type Signature,
  type SpendCaps,
} from '@darkroom/contracts';
import type { KeptSettings, MadeRestriction } from './ports.ts';

/** A setting that is one value, and its form in Redis. */
export interface KeptKind<Kind extends SettingKind> {
  kind: Kind;
  /** Its owner in S3; the store when absent. */
  id?: string;
  /** Value while S3 and Redis hold none; undefined if nothing may be bought then. */
  empty: SettingValue<Kind> | undefined;
  find(store: KeptSettings['store']): Promise<{ revision?: number; value: SettingValue<Kind> } | undefined>;
  findRestrictions(store: KeptSettings['store']): Promise<(MadeRestriction & { lowered: Partial<SettingValue<Kind>> })[]>;
  apply(
    store: KeptSettings['store'],
    change: { revision: number; value: SettingValue<Kind>; carried: readonly string[]; changed?: { at: number } & Signature },
  ): Promise<boolean>;
  isSame(one: SettingValue<Kind>, other: SettingValue<Kind>): boolean;
  /** Returns true if a change lets more be bought or seen. */
  permitsMore(before: SettingValue<Kind>, after: SettingValue<Kind>): boolean;
  /** Returns the stricter of both, in each part. */
  restrict(value: SettingValue<Kind>, lowered: Partial<SettingValue<Kind>>): SettingValue<Kind>;
}

export const keptCaps: KeptKind<'caps'> = {
  kind: 'caps',
  empty: undefined,
  find: async (store) => {
    const found = await store.findCaps();
    return found && { value: found.caps, ...defined({ revision: found.revision }) };
  },
  findRestrictions: (store) => store.findCapsRestrictions(),
  apply: (store, { revision, value, carried, changed }) => store.applyCaps({ revision, caps: value, carried, ...defined({ changed }) }),
  isSame: (one, other) => capNames.every((name) => one[name] === other[name]),
  permitsMore: capsPermitMore,
  restrict(caps, lowered) {
    const after: SpendCaps = { ...caps };
    for (const name of capNames) {
      const cap = lowered[name];
      if (cap !== undefined) after[name] = Math.min(cap, after[name] ?? cap);
    }
    return after;
  },
};

export const keptLimits: KeptKind<'limits'> = {
  kind: 'limits',
  empty: {},
  find: async (store) => {
    const found = await store.findLimits();
    return found && { value: found.limits, ...defined({ revision: found.revision }) };
  },
  findRestrictions: (store) => store.findLimitsRestrictions(),
  apply: (store, { revision, value, carried }) => store.applyLimits({ revision, limits: value, carried }),
  isSame: (one, other) => limitNames.every((name) => one[name] === other[name]),
  permitsMore: (before, after) => limitNames.some((name) => limitOf(after, name) > limitOf(before, name)),
  restrict(limits, lowered) {
    const after: FleetLimits = { ...limits };
    for (const name of limitNames) {
      const limit = lowered[name];
      if (limit !== undefined && limit < limitOf(after, name)) after[name] = limit;
    }
    return after;
  },
};

/** The rules of one tenant. */
export const keptTenantRules = (tenant: string): KeptKind<'tenants'> => ({
  kind: 'tenants',
  id: tenantFolder(tenant),
  empty: {},
  find: async (store) => {
    const found = await store.findTenantRules(tenant);
    return found && { value: found.rules, ...defined({ revision: found.revision }) };
  },
  findRestrictions: (store) => store.findTenantRestrictions(tenant),
  apply: (store, { revision, value, carried }) => store.applyTenantRules(tenant, { revision, rules: value, carried }),
  isSame: areSameRules,
  permitsMore: rulesPermitMore,
  restrict: (rules, lowered) => ({ ...rules, ...lowered }),
});
