import { z } from 'zod';
import { imageReleaseSchema } from './image-release.ts';
import { formatUsd } from './money.ts';
import { webhookEndpointSchema } from './notifications/endpoint.ts';
import { tenantRulesSchema } from './tenant-rules.ts';

/**
 * Settings, which apply to the whole fleet. S3 keeps one write-once object for each change (`settings/<kind>/<id>/<revision>.json`); Redis
 * keeps the newest value with its revision. The id is "store" for settings of the store, else that of their owner.
 */

const nanoUsd = z.int().min(1);

/** Spend caps, in billionths of a US dollar; absent means no cap. The daily cap over all tenants always applies. */
export const spendCapsSchema = z.object({
  allPerDay: nanoUsd,
  allPerMonth: nanoUsd.optional(),
  tenantPerDay: nanoUsd.optional(),
  tenantPerMonth: nanoUsd.optional(),
});
export type SpendCaps = z.infer<typeof spendCapsSchema>;
export const capNames = ['allPerDay', 'allPerMonth', 'tenantPerDay', 'tenantPerMonth'] as const satisfies readonly (keyof SpendCaps)[];
export type CapName = (typeof capNames)[number];

/** Default limit of tasks that the whole fleet may have under way at the provider. */
export const DEFAULT_TASKS_AT_PROVIDER = 1000;
/**
 * Time after its last send for which a task counts as under way at the provider, in milliseconds, unless the provider reports its end.
 * Limits how many are sent, not what may be bought again.
 */
export const TASK_AT_PROVIDER_MS = 30 * 60_000;
/** More tasks than any fleet has under way at once. */
export const MAX_TASKS_AT_PROVIDER = 1_000_000;

/** More images than any store has open at once. */
export const MAX_OPEN_IMAGES = 100_000_000;
const openImages = z.int().min(1).max(MAX_OPEN_IMAGES);

/** Limits of the whole fleet; absent means the default of the running version, which bounds the tasks at the provider alone. */
export const fleetLimitsSchema = z.object({
  /** Tasks that may be under way at the provider at once. */
  tasksAtProvider: z.int().min(1).max(MAX_TASKS_AT_PROVIDER).optional(),
  /** Images of all tenants that may be queued or under way at once; absent means no bound. */
  openImages: openImages.optional(),
  /** Images of each tenant that may be queued or under way at once; absent means no bound. */
  openImagesPerTenant: openImages.optional(),
});
export type FleetLimits = z.infer<typeof fleetLimitsSchema>;
export const limitNames = ['tasksAtProvider', 'openImages', 'openImagesPerTenant'] as const satisfies readonly (keyof FleetLimits)[];
export type LimitName = (typeof limitNames)[number];

/** Limits by name with their new values; null means the default again. */
export type FleetLimitsChange = { [Name in LimitName]?: number | null };

/** Returns limits with a change made in them. */
export function changedLimits(before: FleetLimits, change: FleetLimitsChange): FleetLimits {
  const after: FleetLimits = {};
  for (const name of limitNames) {
    const limit = change[name] === undefined ? before[name] : (change[name] ?? undefined);
    if (limit !== undefined) after[name] = limit;
  }
  return after;
}

/** Returns the limit that applies. Where none is set, `tasksAtProvider` has its default, and every other limit is Infinity. */
export const limitOf = (limits: FleetLimits, name: LimitName): number =>
  limits[name] ?? (name === 'tasksAtProvider' ? DEFAULT_TASKS_AT_PROVIDER : Infinity);

/**
 * Origin of a pause that a command can lift: trouble with the provider's account, or an operator. Each pause is lifted by itself; while one
 * stands nothing is bought. Looking goes on, and bought images come home.
 */
export const pauseKinds = ['account', 'operator'] as const;
/** One of `pauseKinds`. */
export type PauseKind = (typeof pauseKinds)[number];

/** An operator's pause of all buying. */
const operatorPauseSchema = z.object({
  /** In words, safe to show. */
  reason: z.string(),
  /** Milliseconds since 1970. */
  since: z.number().min(0),
  /** Name of the operator, in free text; absent in pauses of an earlier version. */
  by: z.string().optional(),
});
export type OperatorPause = z.infer<typeof operatorPauseSchema>;

/** Pauses that operators set and lift; absent means none. */
export const storePausesSchema = z.object({ operator: operatorPauseSchema.optional() });
export type StorePauses = z.infer<typeof storePausesSchema>;

/** The id of settings that the store itself has, in keys and records. */
export const STORE_ID = 'store';

/** Schema of each kind of setting. */
export const settingSchemas = {
  caps: spendCapsSchema,
  limits: fleetLimitsSchema,
  pauses: storePausesSchema,
  tenants: tenantRulesSchema,
  releases: imageReleaseSchema,
  endpoints: webhookEndpointSchema,
} as const;
const settingKinds = [
  'caps',
  'limits',
  'pauses',
  'tenants',
  'releases',
  'endpoints',
] as const satisfies readonly (keyof typeof settingSchemas)[];
export type SettingKind = (typeof settingKinds)[number];
export type SettingValue<Kind extends SettingKind> = z.infer<(typeof settingSchemas)[Kind]>;

/** Origin of a change: an operator's command, the environment of the worker that opened the store, or an unrecorded value in Redis. */
export const settingSources = ['operator', 'environment', 'redis'] as const;
export type SettingSource = (typeof settingSources)[number];

/** Most characters of the name of an operator, and of the reason of a change. */
export const MAX_OPERATOR_NAME = 100;
export const MAX_CHANGE_REASON = 500;

/** Names the author of a change and the reason, in free text that is safe to show. */
export interface Signature {
  who?: string | undefined;
  reason?: string | undefined;
}

/** Version of the record of a change. */
export const SETTING_VERSION = 1;

/** One change of a setting. */
export interface SettingRecord<Kind extends SettingKind = SettingKind> {
  version: typeof SETTING_VERSION;
  kind: Kind;
  /** "store", the encoded name of a tenant, or "<generationId>.<index>-<n>" of an image. */
  id: string;
  /** 1, plus one with each change. */
  revision: number;
  /** Redis time of the change, in milliseconds since 1970. */
  at: number;
  by?: SettingSource | undefined;
  /** Name of the operator, and the reason; absent in records of an earlier version. */
  who?: string | undefined;
  reason?: string | undefined;
  /** Value before; null for the first change, and if it was not known. */
  before: SettingValue<Kind> | null;
  after: SettingValue<Kind>;
}

/** Returns the schema of the records of one kind. */
export const settingRecordSchemaOf = <Kind extends SettingKind>(kind: Kind): z.ZodType<SettingRecord<Kind>> =>
  z.object({
    version: z.literal(SETTING_VERSION),
    kind: z.literal(kind),
    id: z.string().min(1),
    revision: z.int().min(1),
    at: z.int().min(0),
    by: z.enum(settingSources).optional(),
    who: z.string().optional(),
    reason: z.string().optional(),
    before: settingSchemas[kind].nullable(),
    after: settingSchemas[kind],
    // each kind's schema parses its own values, which the compiler does not follow through the index
  }) as unknown as z.ZodType<SettingRecord<Kind>>;

/** Builds the record of a change. @param id "store" by default. */
export const buildSettingRecord = <Kind extends SettingKind>(
  kind: Kind,
  change: Pick<SettingRecord<Kind>, 'revision' | 'at' | 'by' | 'who' | 'reason' | 'before' | 'after'>,
  id: string = STORE_ID,
): SettingRecord<Kind> => ({ version: SETTING_VERSION, kind, id, ...change });

/** Names of each cap on the command line and in the environment. */
export const capWords: Readonly<Record<CapName, { option: string; variable: string }>> = {
  allPerDay: { option: 'day', variable: 'DAILY_CAP_USD' },
  allPerMonth: { option: 'month', variable: 'MONTHLY_CAP_USD' },
  tenantPerDay: { option: 'tenant-day', variable: 'TENANT_DAILY_CAP_USD' },
  tenantPerMonth: { option: 'tenant-month', variable: 'TENANT_MONTHLY_CAP_USD' },
};

/** Writes caps in one line, such as "day 25 USD, month none, tenant-day 5 USD, tenant-month none". */
export const describeCaps = (caps: SpendCaps): string =>
  capNames.map((name) => `${capWords[name].option} ${caps[name] === undefined ? 'none' : `${formatUsd(caps[name])} USD`}`).join(', ');

/**
 * Describes the caps of an environment that differ from the store's, such as "DAILY_CAP_USD names 25 USD, the store has 5 USD".
 * @returns "" if none differs.
 */
export const describeCapsDifference = (named: Partial<SpendCaps>, caps: SpendCaps): string =>
  capNames
    .filter((name) => named[name] !== undefined && named[name] !== caps[name])
    .map((name) => `${capWords[name].variable} names ${wordsOf(named[name])}, the store has ${wordsOf(caps[name])}`)
    .join('; ');

const wordsOf = (cap: number | undefined): string => (cap === undefined ? 'no such cap' : `${formatUsd(cap)} USD`);

/** Returns true if a change permits more purchases than before in any period. */
export const capsPermitMore = (before: SpendCaps, after: SpendCaps): boolean =>
  capNames.some((name) => (after[name] ?? Infinity) > (before[name] ?? Infinity));
