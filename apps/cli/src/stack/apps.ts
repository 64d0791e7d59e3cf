import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { LocalStackError } from '@darkroom/contracts';
import { startDarkroom, type Closing, type Darkroom } from '@darkroom/local-stack';
import type { Environment, RunwareSettings } from '@darkroom/service-runtime';
import type { DataFolder } from '../data-folder/data-folder.ts';
import { notificationKeysOf } from '../data-folder/secrets.ts';
import type { Stores } from './stores.ts';

/** A provider other than the emulator, with the worker's settings for it. */
export interface ProviderOfStart {
  readonly runware: RunwareSettings;
  readonly webhookBaseUrl: string | undefined;
  readonly askForUpload: boolean;
  readonly dailyCapUsd: string;
}

export interface AppsOptions {
  stores: Stores;
  folder: DataFolder;
  /** Folder that holds `apps/`. */
  programs: string;
  environment: Environment;
  /** Undefined: an emulator is started. */
  provider: ProviderOfStart | undefined;
  /** Called if an app ends without having been stopped. */
  onDeath: (error: LocalStackError) => void;
}

/** Fast enough to wait for, slow enough to watch; the emulator's own defaults are closer to the real provider. */
const QUICK_EMULATOR = { executionMs: [300, 900], uploadDelayMs: [200, 600] };

/** Shorter waits than for the real provider: the emulator is fast, and a user is waiting. */
const QUICK_TIMING = {
  TIMING_FIRST_POLL_MS: '3000',
  TIMING_MAX_POLL_MS: '10000',
  TIMING_UPLOAD_POLL_MS: '150',
  TIMING_UPLOAD_WINDOW_MS: '20000',
};

/** Starts the apps beside the stores of this start. @throws LocalStackError if an app does not become ready. */
export function startApps({ stores, folder, programs, environment, provider, onDeath }: AppsOptions, closing: Closing): Promise<Darkroom> {
  const { redis, s3 } = stores;
  const workerSettings =
    provider === undefined
      ? { RUNWARE_UPLOADS: 's3' }
      : {
          WEBHOOK_BASE_URL: provider.webhookBaseUrl ?? '',
          RUNWARE_URL: provider.runware.url,
          RUNWARE_UPLOADS: provider.askForUpload ? 's3' : 'none',
          DAILY_CAP_USD: provider.dailyCapUsd,
        };
  return startDarkroom(
    {
      stores: { redisUrl: redis.url, prefix: redis.prefix, s3 },
      apiKey: provider?.runware.apiKey ?? `emulator-${randomBytes(16).toString('hex')}`,
      webhookKeys: `local:${folder.secrets.webhook}`,
      root: programs,
      logs: folder.logs,
      environment: provider === undefined ? { ...QUICK_TIMING, ...environment } : environment,
      watch: { folder: folder.owned, onDeath },
      emulator:
        provider === undefined
          ? { dir: path.join(stores.dir, 'emulator'), faults: environment['FAULTS'] ?? JSON.stringify(QUICK_EMULATOR) }
          : undefined,
      receivers: provider === undefined || provider.webhookBaseUrl !== undefined ? ['receiver'] : [],
      workers: ['worker'],
      dashboards: ['dashboard'],
      erasers: ['eraser'],
      apis: ['api'],
      notifiers: ['notifier'],
      notificationKeys: notificationKeysOf(folder.secrets),
      // What you try on this machine listens on this machine.
      settingsOf: (_name, app) =>
        app === 'worker' ? workerSettings : app === 'notifier' || app === 'api' ? { NOTIFIER_ALLOW_LOOPBACK: 'true' } : {},
      portOf: (app) => folder.ports[app],
      isHasty: true,
    },
    closing,
  );
}
