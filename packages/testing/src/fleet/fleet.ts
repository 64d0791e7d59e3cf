import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defined } from '@darkroom/contracts';
import {
  closeAtOnce,
  createClosing,
  startDarkroom,
  startS3Server,
  type AppProcess,
  type S3RequestLog,
  type S3Server,
  type S3ServerOptions,
} from '@darkroom/local-stack';
import { reserveRedis, type OwnRedis } from '../own-redis.ts';
import { setEmulatorFaults } from './set-emulator-faults.ts';
import { numbered, testKeys, testPlace } from './test-place.ts';

export interface FleetOptions {
  workers?: number;
  receivers?: number;
  /** None when absent: most tests delete nothing. */
  erasers?: number;
  /** None when absent. */
  apis?: number;
  /** None when absent: most tests have no receiver of notifications. Receivers of notifications may be on this machine. */
  notifiers?: number;
  /** Settings of the notifiers that differ from these. */
  notifierEnv?: Readonly<Record<string, string>>;
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
  /** Address for deliveries; that of a receiver when absent. */
  webhookBaseUrl?: string;
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
  /** Gives each kind of process a Redis user of its own. @returns their addresses. */
  redisUsers?: (redisUrl: string) => Promise<{ worker: string; receiver: string; eraser?: string; api?: string; notifier?: string }>;
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
  readonly emulator: AppProcess;
  readonly emulatorUrl: string;
  readonly billFile: string;
  readonly workers: readonly AppProcess[];
  readonly receivers: readonly AppProcess[];
  readonly receiverUrl: string;
  readonly erasers: readonly AppProcess[];
  readonly apis: readonly AppProcess[];
  readonly notifiers: readonly AppProcess[];
  /** The master keys of the notifiers, in the form of NOTIFICATION_KEYS. */
  readonly notificationKeys: string;
  readonly workerUrls: readonly string[];
  /** Starts one more worker; the fleet stops it. @param readyPath "/livez" for a worker that does not become ready. */
  startWorker(name: string, env: Readonly<Record<string, string>>, readyPath?: '/livez'): Promise<AppProcess>;
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
  const { workers = 1, receivers = 1, faults = {}, seed = '1', workerEnv = {}, secrets, env = {}, runtime, webhookBaseUrl } = options;
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-fleet-'));
  const closing = createClosing();
  closing.add(() => rm(directory, { recursive: true, force: true }));
  try {
    const credentials = { accessKeyId: 'test', secretAccessKey: secrets?.s3SecretAccessKey ?? randomBytes(24).toString('hex') };
    const bucket = 'darkroom';
    const redis = await reserveRedis({ dir: join(directory, 'redis'), appendfsync: 'everysec' });
    closing.add(() => redis.stop());
    await redis.start();
    const s3 = await (options.startBucket?.(bucket) ??
      startS3Server({
        dir: join(directory, 's3'),
        region: 'us-east-1',
        credentials,
        buckets: [bucket],
        ...defined({ onRequest: options.onS3Request, disturb: options.disturbS3 }),
      }));
    closing.add(() => s3.stop());
    const s3Config = { endpoint: s3.endpoint, region: 'us-east-1', bucket, credentials };
    const prefix = '{darkroom}';
    const redisUrl = new URL((await options.redisAddress?.(redis.url)) ?? redis.url);
    if (secrets !== undefined) redisUrl.password = secrets.redisPassword;
    const users = await options.redisUsers?.(redis.url);
    const notificationKeys = `test:${randomBytes(24).toString('hex')}`;
    const workerNames = numbered('worker', workers);
    const settingsOf = {
      dashboard: () => ({}),
      eraser: () => ({ ...env, ERASER_EVERY_MS: '200', ...defined({ REDIS_URL: users?.eraser }) }),
      api: () => ({ ...env, NOTIFIER_ALLOW_LOOPBACK: 'true', ...defined({ REDIS_URL: users?.api }) }),
      notifier: () => ({
        ...env,
        NOTIFIER_ALLOW_LOOPBACK: 'true',
        NOTIFIER_DELAYS_MS: '200,400,800,1600',
        ...defined({ REDIS_URL: users?.notifier }),
        ...options.notifierEnv,
      }),
      receiver: () => ({ ...env, ...defined({ REDIS_URL: users?.receiver }) }),
      worker: (name: string) => ({
        ...env,
        ...(options.isAsShipped === true ? {} : testSettings),
        ...defined({ REDIS_URL: users?.worker, WEBHOOK_BASE_URL: webhookBaseUrl }),
        ...workerEnv,
        ...options.envOfWorker?.(workerNames.indexOf(name)),
      }),
    };
    const darkroom = await startDarkroom(
      {
        ...testPlace(directory, runtime?.folder),
        node: runtime?.node,
        stores: { redisUrl: redisUrl.href, prefix, s3: s3Config },
        ...testKeys(),
        ...defined({ apiKey: secrets?.apiKey, webhookKeys: secrets?.webhookKeys }),
        emulator: { dir: join(directory, 'emulator'), faults: JSON.stringify({ ...quickFaults, ...faults }), seed },
        receivers: numbered('receiver', receivers),
        workers: workerNames,
        erasers: numbered('eraser', options.erasers ?? 0),
        apis: numbered('api', options.apis ?? 0),
        notifiers: numbered('notifier', options.notifiers ?? 0),
        notificationKeys,
        settingsOf: (name, app) => settingsOf[app](name),
      },
      closing,
    );
    const emulator = darkroom.emulator!; // started above

    return {
      directory,
      redis,
      redisUrl: redis.url,
      prefix,
      s3,
      s3Config,
      emulator,
      emulatorUrl: emulator.url,
      billFile: darkroom.billFile,
      workers: darkroom.workers,
      receivers: darkroom.receivers,
      receiverUrl: darkroom.receivers[0]?.url ?? '',
      erasers: darkroom.erasers,
      apis: darkroom.apis,
      notifiers: darkroom.notifiers,
      notificationKeys,
      workerUrls: darkroom.workers.map(({ url }) => url),
      startWorker: async (name, own, readyPath) => {
        const worker = await darkroom.addWorker(name, own, readyPath);
        await worker.start();
        return worker;
      },
      setFaults: (changed) => setEmulatorFaults(emulator.url, changed),
      stop: () => closeAtOnce(closing),
    };
  } catch (error) {
    await closeAtOnce(closing);
    throw error;
  }
}
