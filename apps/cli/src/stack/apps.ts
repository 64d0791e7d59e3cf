import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { defined, type LocalStackError } from '@darkroom/contracts';
import { addressApp, appEnvironments, type AppAddress, type AppName } from '@darkroom/local-stack';
import type { Environment, RunwareSettings } from '@darkroom/service-runtime';
import type { Closing } from '../closing.ts';
import type { DataFolder } from '../data-folder/data-folder.ts';
import { startApp, type AppProcess } from './app-process.ts';
import type { Stores } from './stores.ts';

/** Addresses of the apps of a start. */
export interface Apps {
  readonly emulator?: { readonly url: string; readonly billFile: string };
  readonly receiverUrl?: string;
  readonly dashboardUrl: string;
}

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
  /** Folder of the installation, which holds `apps/`. */
  root: string;
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

/**
 * Starts all apps at once and waits until they are ready. They stop in the opposite order of the work: worker, receiver and dashboard
 * first, the emulator last.
 * @throws LocalStackError if an app does not become ready.
 */
export async function startApps({ stores, folder, root, environment, provider, onDeath }: AppsOptions, closing: Closing): Promise<Apps> {
  const { redis, s3 } = stores;
  const { ports } = folder;
  const addresses = { redisUrl: redis.url, prefix: redis.prefix, s3 };
  const webhookKeys = `local:${folder.secrets.webhook}`;
  const emulatorDir = path.join(stores.dir, 'emulator');
  const addressOf = (name: AppName): AppAddress => addressApp(name, root, ports[name]);
  const launch = (name: AppName, own: Environment): AppProcess => {
    const { script, readyUrl, environment: bound } = addressOf(name);
    return startApp({
      name,
      script,
      environment: { ...(provider === undefined ? QUICK_TIMING : {}), ...environment, ...own, ...bound },
      logFile: path.join(folder.logs, `${name}.log`),
      readyUrl,
      folder: folder.owned,
      onDeath,
    });
  };

  const emulatorKey = `emulator-${randomBytes(16).toString('hex')}`;
  const faults = environment['FAULTS'] ?? JSON.stringify(QUICK_EMULATOR);
  const emulator =
    provider === undefined ? launch('emulator', appEnvironments.emulator({ apiKey: emulatorKey, dir: emulatorDir, faults })) : undefined;
  if (emulator !== undefined) closing.add((hurry) => emulator.stop(hurry));
  const webhookBaseUrl = provider === undefined ? addressOf('receiver').url : provider.webhookBaseUrl;
  const receiver = webhookBaseUrl === undefined ? undefined : launch('receiver', appEnvironments.receiver(addresses, webhookKeys));
  const worker = launch('worker', {
    ...appEnvironments.worker(addresses, provider?.runware.apiKey ?? emulatorKey, webhookKeys),
    WEBHOOK_BASE_URL: webhookBaseUrl ?? '',
    RUNWARE_URL: provider?.runware.url ?? `${addressOf('emulator').url}/v1`,
    RUNWARE_UPLOADS: provider === undefined || provider.askForUpload ? 's3' : 'none',
    ...(provider === undefined ? {} : { DAILY_CAP_USD: provider.dailyCapUsd }),
  });
  const dashboard = launch('dashboard', appEnvironments.dashboard(addresses));
  const inside: AppProcess[] = [receiver, worker, dashboard].filter((app) => app !== undefined);
  closing.add(async (hurry) => void (await Promise.all(inside.map((app) => app.stop(hurry)))));
  await Promise.all([...(emulator === undefined ? [] : [emulator]), ...inside].map(({ ready }) => ready));
  return {
    ...defined({
      emulator: emulator && { url: addressOf('emulator').url, billFile: path.join(emulatorDir, 'bill.jsonl') },
      receiverUrl: receiver && addressOf('receiver').url,
    }),
    dashboardUrl: addressOf('dashboard').url,
  };
}
