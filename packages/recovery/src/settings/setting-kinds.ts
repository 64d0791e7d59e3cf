import {
  defined,
  capNames,
  capsPermitMore,
  DEFAULT_TASKS_AT_PROVIDER,
  type FleetLimits,
  type SettingKind,
  type SettingValue,
  type SpendCaps,
} from '@darkroom/contracts';
import type { KeptSettings, MadeRestriction } from './ports.ts';

/** A setting that is one value, and its form in Redis. */
export interface KeptKind<Kind extends SettingKind> {
  kind: Kind;
  /** Value while S3 and Redis hold none; undefined if nothing may be bought then. */
  empty: SettingValue<Kind> | undefined;
  find(store: KeptSettings['store']): Promise<{ revision?: number; value: SettingValue<Kind> } | undefined>;
  findRestrictions(store: KeptSettings['store']): Promise<(MadeRestriction & { lowered: Partial<SettingValue<Kind>> })[]>;
  apply(
    store: KeptSettings['store'],
    change: { revision: number; value: SettingValue<Kind>; carried: readonly string[] },
  ): Promise<boolean>;
  isSame(one: SettingValue<Kind>, other: SettingValue<Kind>): boolean;
  /** Returns true if a change lets more be bought. */
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
  apply: (store, { revision, value, carried }) => store.applyCaps({ revision, caps: value, carried }),
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

/** Returns the number of tasks that limits allow at the provider. */
const tasksOf = ({ tasksAtProvider = DEFAULT_TASKS_AT_PROVIDER }: FleetLimits): number => tasksAtProvider;

export const keptLimits: KeptKind<'limits'> = {
  kind: 'limits',
  empty: {},
  find: async (store) => {
    const found = await store.findLimits();
    return found && { value: found.limits, ...defined({ revision: found.revision }) };
  },
  findRestrictions: (store) => store.findLimitsRestrictions(),
  apply: (store, { revision, value, carried }) => store.applyLimits({ revision, limits: value, carried }),
  isSame: (one, other) => one.tasksAtProvider === other.tasksAtProvider,
  permitsMore: (before, after) => tasksOf(after) > tasksOf(before),
  restrict: (limits, lowered) =>
    lowered.tasksAtProvider === undefined || lowered.tasksAtProvider >= tasksOf(limits) ? limits : { ...limits, ...lowered },
};
