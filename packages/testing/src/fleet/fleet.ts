import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defined } from '@darkroom/contracts';
import { startS3Server, type S3RequestLog, type S3Server, type S3ServerOptions } from '@darkroom/local-stack';
import { builtAppsFolder } from '../built-apps/built-apps.ts';
import { reserveRedis, type OwnRedis } from '../own-redis.ts';
import { describeApps, type AppProcess } from './app-processes.ts';
import type { ManagedProcess } from './managed-process.ts';
import { setEmulatorFaults } from './set-emulator-faults.ts';

export interface FleetOptions {
  workers?: number;
  receivers?: number;
  /** Switches of the emulator that differ from its defaults. */
  faults?: Readonly<Record<string, unknown>>;
  seed?: string;
  /** True for the settings with which a worker ships; otherwise its waits are short, and it sends more at a time. */
  isAsShipped?: boolean;
  /** A bucket of the test's own, which stops with the fleet; a server with files when absent. @param name Name of the bucket. */
  startBucket?: (name: string) => Promise<S3Server>;
  /** Settings of the workers that differ from these. */
  workerEnv?: Readonly<Record<string, string>>;
  /** Settings of one worker, by its number from 0, that differ from those of all. */
  envOfWorker?: (at: number) => Readonly<Record<string, string>>;
  /** Returns the address for deliveries; that of the first receiver when absent. */
  webhookBaseUrl?: (receiverUrl: string) => string;
  /** The Node and the built apps of a container image, instead of those that run the tests. */
  runtime?: { node: string; folder: string };
  /** Called for every request to the S3 server. */
  onS3Request?: (request: S3RequestLog) => void;
  /** Disturbs requests to the S3 server. */
  disturbS3?: S3ServerOptions['disturb'];
  /** Fixed secrets instead of random ones. The processes send the password of Redis, although Redis does not ask for one. */
  secrets?: { apiKey: string; s3SecretAccessKey: string; webhookKeys: string; redisPassword: string };
  /** Puts a proxy between the processes and their Redis. @returns the address for the processes. */
  redisAddress?: (redisUrl: string) => Promise<string>;
  /** Gives workers and receivers Redis users of their own. @returns their addresses. */
  redisUsers?: (redisUrl: string) => Promise<{ worker: string; receiver: string }>;
  /** Settings of workers and receivers. */
  env?: Readonly<Record<string, string>>;
}

/** A whole Darkroom on this machine, each part a process: real Redis with its log, real S3, emulator, workers and receivers. */
export interface Fleet {
  readonly directory: string;
  readonly redis: OwnRedis;
  readonly redisUrl: string;
  readonly prefix: string;
  readonly s3: S3Server;
  readonly s3Config: { endpoint: string; region: string; bucket: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  readonly emulator: ManagedProcess;
  readonly emulatorUrl: string;
  readonly billFile: string;
  readonly workers: readonly ManagedProcess[];
  readonly receivers: readonly ManagedProcess[];
  readonly receiverUrl: string;
  readonly workerUrls: readonly string[];
  /** Starts one more worker; the fleet stops it. @param readyPath "/livez" for a worker that does not become ready. */
  startWorker(name: string, env: Readonly<Record<string, string>>, readyPath?: '/readyz' | '/livez'): Promise<AppProcess>;
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Short waits, in the same order as in production: a long wait shows a test nothing. The rate of questions is that of production. The
 * rate of sends is higher, because a fleet with one worker must make a hundred images in seconds; fault runs and crash points use
 * the rate of production.
 */
const testSettings = {
  WORKER_SUBMIT_CONCURRENCY: '10',
  TIMING_FIRST_POLL_MS: '1500',
  TIMING_MAX_POLL_MS: '3000',
  TIMING_UPLOAD_WINDOW_MS: '2000',
  TIMING_PATIENCE_MS: '3000',
  TIMING_UPLOAD_POLL_MS: '100',
  TIMING_TROUBLE_MS: '200',
  TIMING_MAX_TROUBLE_MS: '1000',
  TIMING_MAX_PROBE_MS: '500',
};

/** Short times of the provider. */
const quickFaults = { executionMs: [20, 60], uploadDelayMs: [20, 100], webhookFirstRetryMs: 50, webhookMaxRetryMs: 500 };

/** Starts a fleet and waits until each process is ready. The apps must be built. */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const { workers: workerCount = 1, receivers: receiverCount = 1, faults = {}, seed = '1', workerEnv = {}, webhookBaseUrl } = options;
  const { runtime = { node: process.execPath, folder: builtAppsFolder() } } = options;
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-fleet-'));
  const started: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end();
  };
  try {
    const { secrets, env } = options;
    const credentials = { accessKeyId: 'test', secretAccessKey: secrets?.s3SecretAccessKey ?? randomBytes(24).toString('hex') };
    const bucket = 'darkroom';
    const redis = await reserveRedis({ dir: join(directory, 'redis'), appendfsync: 'everysec' });
    started.push(() => redis.stop());
    await redis.start();
    const s3 = await (options.startBucket?.(bucket) ??
      startS3Server({
        dir: join(directory, 's3'),
        region: 'us-east-1',
        credentials,
        buckets: [bucket],
        ...defined({ onRequest: options.onS3Request, disturb: options.disturbS3 }),
      }));
    started.push(() => s3.stop());
    const s3Config = { endpoint: s3.endpoint, region: 'us-east-1', bucket, credentials };
    const prefix = '{darkroom}';
    const redisUrl = new URL((await options.redisAddress?.(redis.url)) ?? redis.url);
    if (secrets !== undefined) redisUrl.password = secrets.redisPassword;
    const users = await options.redisUsers?.(redis.url);
    const apps = describeApps({
      directory,
      runtime,
      redisUrl: redisUrl.href,
      prefix,
      s3: s3Config,
      ...defined({ apiKey: secrets?.apiKey, webhookKeys: secrets?.webhookKeys, env }),
    });
    const launch = async (app: AppProcess): Promise<AppProcess> => {
      started.push(() => app.kill());
      await app.start();
      return app;
    };

    // These start together, before the workers: a worker logs a provider or a webhook address that does not answer.
    const [emulator, ...receivers] = await Promise.all([
      apps.emulator({ ...quickFaults, ...faults }, seed).then(launch),
      ...Array.from({ length: receiverCount }, async (_, at) =>
        launch(await apps.receiver(`receiver-${at}`, defined({ REDIS_URL: users?.receiver }))),
      ),
    ]);
    const receiverUrl = receivers[0]?.url ?? '';
    const commonEnv = {
      RUNWARE_URL: `${emulator.url}/v1`,
      WEBHOOK_BASE_URL: webhookBaseUrl?.(receiverUrl) ?? receiverUrl,
      ...(options.isAsShipped === true ? {} : testSettings),
      ...defined({ REDIS_URL: users?.worker }),
      ...workerEnv,
    };
    const startNumber = async (at: number): Promise<AppProcess> =>
      launch(await apps.worker(`worker-${at}`, { ...commonEnv, ...options.envOfWorker?.(at) }));
    // The first worker starts alone, because it opens the store with its own caps.
    const workers = workerCount === 0 ? [] : [await startNumber(0)];
    workers.push(...(await Promise.all(Array.from({ length: workerCount - 1 }, (_, at) => startNumber(at + 1)))));

    return {
      directory,
      redis,
      redisUrl: redis.url,
      prefix,
      s3,
      s3Config,
      emulator,
      emulatorUrl: emulator.url,
      billFile: apps.billFile,
      workers,
      receivers,
      receiverUrl,
      workerUrls: workers.map(({ url }) => url),
      startWorker: async (name, env, readyPath) => launch(await apps.worker(name, { ...commonEnv, ...env }, readyPath)),
      setFaults: (changed) => setEmulatorFaults(emulator.url, changed),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
