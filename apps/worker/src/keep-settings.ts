import { DEFAULT_TASKS_AT_PROVIDER, defined, describeCaps, describeCapsDifference, type SpendCaps } from '@darkroom/contracts';
import type { GenerationStore, StoredCaps } from '@darkroom/generation-store';
import {
  recordWebhookEndpoints,
  restoreApiKeys,
  restoreCaps,
  restoreLimits,
  restorePauses,
  restoreReleases,
  restoreTenantRules,
  restoreWebhookEndpoints,
  type KeptApiKeys,
  type KeptEndpoints,
  type KeptSettings,
} from '@darkroom/recovery';
import type { Logger } from '@darkroom/service-runtime';

export interface KeepSettingsOptions {
  /** The first caps of a new store. */
  seed: SpendCaps;
  /** The caps that the environment of this worker names. */
  named: Partial<SpendCaps>;
  /** Time between two looks at S3, by one worker of the fleet, for changes that Redis does not have, in milliseconds. */
  askS3EveryMs: number;
}

export interface KeepSettingsDependencies {
  store: KeptSettings['store'] &
    KeptApiKeys['store'] &
    KeptEndpoints['store'] &
    Pick<GenerationStore, 'lookAtSettings' | 'reportDiffering' | 'countUnreadableChanges'>;
  archive: KeptSettings['archive'] & KeptApiKeys['archive'] & KeptEndpoints['archive'];
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
  logger: Logger;
}

/** Keeps the settings in Redis equal to those in S3. */
export interface SettingsKeeper {
  /** Gives a new store its settings before its epoch; settings in S3 win over the environment. */
  seed(): Promise<void>;
  /** Takes the newest value of each setting from S3. @throws StorageError if S3 does not answer; the fleet must not buy then. */
  restore(): Promise<void>;
  /** Restores settings that Redis has lost, records settings that S3 lacks, and logs what differs from the environment. */
  look(): Promise<void>;
  /** Returns true if the environment of this worker names other settings than the store has. */
  differs(): boolean;
}

/**
 * Time between two whole comparisons of the webhook endpoints by a worker. S3 has one or more objects for each that ever was; only a Redis that went
 * back lacks what S3 has, and then they are compared before buying goes on.
 */
const ENDPOINTS_EVERY_MS = 3_600_000;

/** Operators see a worker's report of differing settings for this long. */
const SHOWN_SECONDS = 60;

export function keepSettings(
  { seed, named, askS3EveryMs }: KeepSettingsOptions,
  { store, archive, logger, now }: KeepSettingsDependencies,
): SettingsKeeper {
  // An open store without caps takes them from an environment that names caps, never from defaults.
  const namedSeed = named.allPerDay === undefined ? undefined : seed;
  let known: StoredCaps | undefined;
  let knownTasks: number | undefined;
  let difference = '';
  let isAbsenceTold = false;
  /** Tenants whose rules are damaged in S3, each named once. */
  let damagedTenants: ReadonlySet<string> = new Set();
  let endpointsComparedAt = Number.NEGATIVE_INFINITY;
  let unreadable = 0;

  /** @param isWhole False if a Redis that did not restart is looked at: of its endpoints those are recorded that S3 lacks. */
  async function restoreAll(fallback: SpendCaps | undefined, isWhole = true): Promise<void> {
    await restoreCapsFrom(fallback);
    const limits = await restoreLimits({ store, archive });
    noteTasks(limits.value.tasksAtProvider, limits.kind);
    const { kind, operator, revision } = await restorePauses({ store, archive });
    if (kind === 'recorded')
      logger.info({ event: 'pauses.recorded', revision, reason: operator?.reason }, "recorded an operator's pause in S3");
    else if (kind === 'brought-back')
      logger.warn(
        { event: 'pauses.brought-back', revision, ...defined({ reason: operator?.reason }) },
        operator === undefined
          ? "redis had lost an operator's resume; restored it from S3"
          : "redis had lost an operator's pause; restored it from S3",
      );
    await restoreTenants();
    await restoreKeys();
    await restoreEndpoints(isWhole || now() >= endpointsComparedAt + ENDPOINTS_EVERY_MS);
    await tellUnreadable();
  }

  /** Names the changes that no process can read: they wait for an operator, and those behind them do not. */
  async function tellUnreadable(): Promise<void> {
    const { apiKeys, endpoints } = await store.countUnreadableChanges();
    if (apiKeys + endpoints > unreadable)
      logger.error(
        { event: 'settings.unreadable', apiKeys, endpoints },
        'changes of API keys or webhook endpoints in redis cannot be read, and are not recorded in S3: they lie in `api-keys-unreadable` and `webhook-endpoints-unreadable`',
      );
    unreadable = apiKeys + endpoints;
  }

  async function restoreTenants(): Promise<void> {
    const damaged = new Set<string>();
    const restored = await restoreTenantRules({ store, archive }, (tenant, error) => {
      damaged.add(tenant);
      if (!damagedTenants.has(tenant))
        logger.error(
          { event: 'tenant-rules.damaged', tenant, err: error },
          'the rules of a tenant in S3 cannot be read; the strictest hold, and nothing of it is erased by its age, until an operator names them anew: `darkroom tenant`',
        );
    });
    damagedTenants = damaged;
    for (const tenant of restored)
      logger.warn({ event: 'tenant-rules.restored', tenant }, 'redis and S3 had different rules of a tenant; both hold the newest now');
  }

  /** Restores the keys of the HTTP API. Buying does not wait for them: a damaged one is of its owner alone. */
  async function restoreKeys(): Promise<void> {
    try {
      const { recorded, broughtBack } = await restoreApiKeys({ store, archive });
      if (recorded > 0) logger.info({ event: 'api-keys.recorded', changes: recorded }, 'recorded changes of API keys in S3');
      if (broughtBack > 0)
        logger.warn({ event: 'api-keys.brought-back', keys: broughtBack }, 'redis had lost API keys; restored them from S3');
    } catch (error) {
      logger.error({ event: 'api-keys.not-restored', err: error }, 'could not compare the API keys in redis with S3; a worker tries again');
    }
  }

  /** Restores the webhook endpoints of tenants. Buying does not wait for them: a damaged one is of its tenant alone. */
  async function restoreEndpoints(isWhole: boolean): Promise<void> {
    try {
      const { recorded, broughtBack } = isWhole
        ? await restoreWebhookEndpoints({ store, archive })
        : { recorded: await recordWebhookEndpoints({ store, archive }), broughtBack: 0 };
      if (isWhole) endpointsComparedAt = now();
      if (recorded > 0) logger.info({ event: 'endpoints.recorded', changes: recorded }, 'recorded changes of webhook endpoints in S3');
      if (broughtBack > 0)
        logger.warn({ event: 'endpoints.brought-back', endpoints: broughtBack }, 'redis had lost webhook endpoints; restored them from S3');
    } catch (error) {
      logger.error(
        { event: 'endpoints.not-restored', err: error },
        'could not compare the webhook endpoints in redis with S3; a worker tries again',
      );
    }
  }

  /** Logs each change of the limit of tasks once. */
  function noteTasks(tasksAtProvider: number = DEFAULT_TASKS_AT_PROVIDER, from: string = 'redis'): void {
    if (knownTasks !== undefined && knownTasks !== tasksAtProvider)
      logger.warn(
        { event: 'limits.changed', before: knownTasks, after: tasksAtProvider, from },
        'the limit of tasks at the provider changed',
      );
    knownTasks = tasksAtProvider;
  }

  async function restoreCapsFrom(fallback: SpendCaps | undefined): Promise<void> {
    const restored = await restoreCaps({ store, archive }, fallback);
    if (restored.kind === 'absent') {
      if (!isAbsenceTold)
        logger.error(
          { event: 'caps.absent' },
          'neither redis nor S3 holds spend caps for this store; no worker buys until an operator sets them: `darkroom caps --day <usd>`',
        );
      isAbsenceTold = true;
      return;
    }
    isAbsenceTold = false;
    const { kind, value: caps, revision } = restored;
    if (kind !== 'same') logger.info({ event: `caps.${kind}`, revision, caps: describeCaps(caps) }, restoredWords[kind]);
    note({ caps, revision });
  }

  /** Logs each change of the caps once, and each change of their difference from the environment. */
  function note(found: StoredCaps): void {
    if (known !== undefined && describeCaps(known.caps) !== describeCaps(found.caps))
      logger.warn(
        { event: 'caps.changed', before: describeCaps(known.caps), after: describeCaps(found.caps), revision: found.revision },
        'the spend caps of the store changed',
      );
    known = found;
    const words = describeCapsDifference(named, found.caps);
    if (words === difference) return;
    difference = words;
    if (words === '') logger.info({ event: 'settings.agree' }, 'the environment of this worker names the caps of the store again');
    else
      logger.warn(
        { event: 'settings.differ', difference: words },
        'the environment of this worker names other spend caps than the store has; the caps of the store apply; `darkroom caps` changes them',
      );
  }

  return {
    seed: () => restoreAll(seed),
    restore: async () => {
      await restoreAll(namedSeed);
      await restoreReleases({ store, archive });
    },
    differs: () => difference !== '',
    async look() {
      const { caps, limits, pauses, isRestricted, isTurn } = await store.lookAtSettings(askS3EveryMs);
      const isLost = caps?.revision === undefined || limits?.revision === undefined || pauses.revision === undefined;
      if (isLost || isRestricted || !pauses.isRecorded || isTurn) await restoreAll(namedSeed, isLost);
      else {
        note(caps);
        noteTasks(limits.limits.tasksAtProvider);
      }
      if (difference !== '') await store.reportDiffering(difference, SHOWN_SECONDS);
    },
  };
}

const restoredWords = {
  'brought-back': 'redis had lost a change of the spend caps; restored from S3',
  recorded: 'recorded in S3 the spend caps that redis held',
  seeded: 'the store had no spend caps; took those of the environment',
} as const;
