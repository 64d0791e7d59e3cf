import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { defined, type LocalStackError } from '@darkroom/contracts';
import type { Environment, RunwareSettings } from '@darkroom/service-runtime';
import type { Closing } from '../closing.ts';
import type { DataFolder } from '../data-folder/data-folder.ts';
import { startApp, type AppProcess, type AppProcessOptions } from './app-process.ts';
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
  const urlOf = (name: 'emulator' | 'receiver' | 'dashboard'): string => `http://127.0.0.1:${ports[name]}`;
  const emulatorDir = path.join(stores.dir, 'emulator');
  const apiKey = `emulator-${randomBytes(16).toString('hex')}`;
  const redisEnvironment = { REDIS_URL: redis.url, DARKROOM_PREFIX: redis.prefix };
  const keys = { WEBHOOK_KEYS: `local:${folder.secrets.webhook}` };

  const describe = (name: keyof typeof ports, script: string, readyPath: string, own: Environment): AppProcessOptions => ({
    name,
    script: path.join(root, 'apps', script, 'dist', 'main.js'),
    environment: { ...(provider === undefined ? QUICK_TIMING : {}), ...environment, ...own, HOST: '127.0.0.1', PORT: String(ports[name]) },
    logFile: path.join(folder.logs, `${name}.log`),
    readyUrl: `http://127.0.0.1:${ports[name]}${readyPath}`,
    record: folder.processes,
    onDeath,
  });

  const emulator =
    provider === undefined
      ? startApp(
          describe('emulator', 'runware-emulator', '/', {
            EMULATOR_API_KEY: apiKey,
            EMULATOR_DIR: emulatorDir,
            FAULTS: environment['FAULTS'] ?? JSON.stringify(QUICK_EMULATOR),
          }),
        )
      : undefined;
  if (emulator !== undefined) closing.add((hurry) => emulator.stop(hurry));
  const webhookBaseUrl = provider === undefined ? urlOf('receiver') : provider.webhookBaseUrl;
  const receiver =
    webhookBaseUrl === undefined
      ? undefined
      : startApp(describe('receiver', 'webhook-receiver', '/readyz', { ...redisEnvironment, ...keys }));
  const worker = startApp(
    describe('worker', 'worker', '/readyz', {
      ...redisEnvironment,
      ...keys,
      WEBHOOK_BASE_URL: webhookBaseUrl ?? '',
      ...(provider === undefined
        ? { RUNWARE_API_KEY: apiKey, RUNWARE_URL: `${urlOf('emulator')}/v1`, RUNWARE_UPLOADS: 's3' }
        : {
            RUNWARE_API_KEY: provider.runware.apiKey,
            RUNWARE_URL: provider.runware.url,
            RUNWARE_UPLOADS: provider.askForUpload ? 's3' : 'none',
            DAILY_CAP_USD: provider.dailyCapUsd,
          }),
      S3_BUCKET: s3.bucket,
      S3_REGION: s3.region,
      ...defined({
        S3_ENDPOINT: s3.endpoint,
        S3_ACCESS_KEY_ID: s3.credentials?.accessKeyId,
        S3_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey,
      }),
    }),
  );
  const dashboard = startApp(describe('dashboard', 'dashboard', '/readyz', redisEnvironment));
  const inside: AppProcess[] = [receiver, worker, dashboard].filter((app) => app !== undefined);
  closing.add(async (hurry) => void (await Promise.all(inside.map((app) => app.stop(hurry)))));
  await Promise.all([...(emulator === undefined ? [] : [emulator]), ...inside].map(({ ready }) => ready));
  return {
    ...defined({
      emulator: emulator && { url: urlOf('emulator'), billFile: path.join(emulatorDir, 'bill.jsonl') },
      receiverUrl: receiver && urlOf('receiver'),
    }),
    dashboardUrl: urlOf('dashboard'),
  };
}
