import { join } from 'node:path';
import { defined } from '@darkroom/contracts';
import type { S3Credentials } from '../s3/sigv4.ts';

/** Redis of one Darkroom. */
export interface RedisAddress {
  readonly redisUrl: string;
  readonly prefix: string;
}

/** Redis and bucket of one Darkroom. */
export interface StoreAddresses extends RedisAddress {
  readonly s3: {
    readonly bucket: string;
    /** Absent: the default of the apps. */
    readonly region?: string | undefined;
    /** Absent: AWS. */
    readonly endpoint?: string | undefined;
    /** Absent: those that the AWS SDK finds. */
    readonly credentials?: S3Credentials | undefined;
  };
}

/** Returns the settings that name a Redis to an app. */
const redisEnvironment = ({ redisUrl, prefix }: RedisAddress) => ({ REDIS_URL: redisUrl, DARKROOM_PREFIX: prefix });

/** Returns the settings that name both stores to a worker, an eraser, an API, a dashboard or a command of an operator. */
export const storesEnvironment = ({ s3, ...redis }: StoreAddresses): Record<string, string> => ({
  ...redisEnvironment(redis),
  S3_BUCKET: s3.bucket,
  ...defined({
    S3_REGION: s3.region,
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY_ID: s3.credentials?.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey,
  }),
});

/** Settings of each app, without those that bind it to its port; workers get addresses beside these. */
export const appEnvironments = {
  emulator: ({ apiKey, dir, faults, seed }: { apiKey: string; dir: string; faults: string; seed?: string | undefined }) => ({
    EMULATOR_API_KEY: apiKey,
    EMULATOR_DIR: dir,
    FAULTS: faults,
    ...defined({ EMULATOR_SEED: seed }),
  }),
  receiver: (redis: RedisAddress, webhookKeys: string) => ({ ...redisEnvironment(redis), WEBHOOK_KEYS: webhookKeys }),
  worker: (stores: StoreAddresses, apiKey: string, webhookKeys: string) => ({
    ...storesEnvironment(stores),
    RUNWARE_API_KEY: apiKey,
    WEBHOOK_KEYS: webhookKeys,
  }),
  dashboard: storesEnvironment,
  eraser: storesEnvironment,
  api: (stores: StoreAddresses, notificationKeys?: string) => ({
    ...storesEnvironment(stores),
    ...defined({ NOTIFICATION_KEYS: notificationKeys }),
  }),
  notifier: (redis: RedisAddress, notificationKeys: string) => ({ ...redisEnvironment(redis), NOTIFICATION_KEYS: notificationKeys }),
};

/** The name of an app, as logs and ports have it. */
export type AppName = keyof typeof appEnvironments;

const programs: Readonly<Record<AppName, { folder: string; readyPath: string }>> = {
  emulator: { folder: 'runware-emulator', readyPath: '/' },
  receiver: { folder: 'webhook-receiver', readyPath: '/readyz' },
  worker: { folder: 'worker', readyPath: '/readyz' },
  dashboard: { folder: 'dashboard', readyPath: '/readyz' },
  // Not ready before a worker has opened the store.
  eraser: { folder: 'eraser', readyPath: '/livez' },
  api: { folder: 'api', readyPath: '/readyz' },
  notifier: { folder: 'notifier', readyPath: '/readyz' },
};

/** An app that listens on loopback. */
export interface AppAddress {
  /** The compiled program. */
  readonly script: string;
  readonly url: string;
  /** Answers 200 when the app is ready. */
  readonly readyUrl: string;
  /** Settings that bind it to its port. */
  readonly environment: { readonly HOST: string; readonly PORT: string };
}

/** Describes where an app lies and listens. @param root Folder that holds `apps/`. */
export function addressApp(app: AppName, root: string, port: number): AppAddress {
  const { folder, readyPath } = programs[app];
  const url = `http://127.0.0.1:${port}`;
  return {
    script: join(root, 'apps', folder, 'dist', 'main.js'),
    url,
    readyUrl: `${url}${readyPath}`,
    environment: { HOST: '127.0.0.1', PORT: String(port) },
  };
}
