import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startRedis, startS3Server, type LocalRedis, type S3RequestLog, type S3Server } from '@darkroom/local-stack';
import { createManagedProcess, type ManagedProcess } from './managed-process.ts';

export interface FleetOptions {
  workers?: number;
  receivers?: number;
  /** Switches of the emulator that differ from its defaults. */
  faults?: Readonly<Record<string, unknown>>;
  seed?: string;
  /** Settings of the workers that differ from the test's own. */
  workerEnv?: Readonly<Record<string, string>>;
  /** Where deliveries go instead of to the first receiver. */
  webhookBaseUrl?: (receiverUrl: string) => string;
  /** Another Node, and another folder of built apps, than those that run the tests: the ones of an image. */
  runtime?: { node: string; folder: string };
  /** Called for every request to the S3 server. */
  onS3Request?: (request: S3RequestLog) => void;
}

/** A whole Darkroom on this machine: real Redis with its log, real S3, emulator, workers and receivers, each a process. */
export interface Fleet {
  readonly directory: string;
  readonly redis: LocalRedis;
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
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Quick timings for tests; the chain of the defaults, scaled. */
const testTiming = {
  TIMING_FIRST_POLL_MS: '1500',
  TIMING_MAX_POLL_MS: '3000',
  TIMING_UPLOAD_WINDOW_MS: '2000',
  TIMING_UPLOAD_POLL_MS: '100',
  TIMING_TROUBLE_MS: '200',
  TIMING_MAX_TROUBLE_MS: '1000',
  WORKER_POLLS_PER_SECOND: '200',
};

/** Starts a fleet and waits until each process is ready. The apps must have been built. */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const { workers: workerCount = 1, receivers: receiverCount = 1, faults = {}, seed = '1', workerEnv = {}, webhookBaseUrl } = options;
  const { runtime = { node: process.execPath, folder: root } } = options;
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-fleet-'));
  const started: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end();
  };
  try {
    const redis = await startRedis({
      dir: join(directory, 'redis'),
      cacheDir: join(root, '.local'),
      environment: process.env,
      appendfsync: 'everysec',
      downloadLimitMs: 120_000,
    });
    started.push(() => redis.stop());
    const credentials = { accessKeyId: 'test', secretAccessKey: randomBytes(24).toString('hex') };
    const bucket = 'darkroom';
    const s3 = await startS3Server({
      dir: join(directory, 's3'),
      region: 'us-east-1',
      credentials,
      buckets: [bucket],
      ...(options.onS3Request === undefined ? {} : { onRequest: options.onS3Request }),
    });
    started.push(() => s3.stop());
    const s3Config = { endpoint: s3.endpoint, region: 'us-east-1', bucket, credentials };
    const prefix = '{darkroom}';
    const webhookKeys = `test:${randomBytes(32).toString('hex')}`;

    const launch = async (
      name: string,
      app: string,
      port: number,
      readyPath: string,
      env: Readonly<Record<string, string>>,
    ): Promise<ManagedProcess> => {
      const managed = createManagedProcess({
        name,
        node: runtime.node,
        script: join(runtime.folder, 'apps', app, 'dist', 'main.js'),
        env: { ...env, HOST: '127.0.0.1', PORT: String(port) },
        logFile: join(directory, `${name}.log`),
        readyUrl: `http://127.0.0.1:${port}${readyPath}`,
      });
      started.push(() => managed.kill());
      await managed.start();
      return managed;
    };

    const emulatorPort = await freePort();
    const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
    const emulatorDirectory = join(directory, 'emulator');
    const emulator = await launch('emulator', 'runware-emulator', emulatorPort, '/', {
      EMULATOR_API_KEY: 'test-key',
      EMULATOR_SEED: seed,
      EMULATOR_DIR: emulatorDirectory,
      FAULTS: JSON.stringify({
        executionMs: [20, 60],
        uploadDelayMs: [20, 100],
        webhookFirstRetryMs: 50,
        webhookMaxRetryMs: 500,
        ...faults,
      }),
    });

    const receiverPorts = await Promise.all(Array.from({ length: receiverCount }, freePort));
    const receivers = await Promise.all(
      receiverPorts.map((port, at) =>
        launch(`receiver-${at}`, 'webhook-receiver', port, '/readyz', {
          REDIS_URL: redis.url,
          DARKROOM_PREFIX: prefix,
          WEBHOOK_KEYS: webhookKeys,
        }),
      ),
    );
    const receiverUrl = `http://127.0.0.1:${receiverPorts[0] ?? 0}`;

    const workerPorts = await Promise.all(Array.from({ length: workerCount }, freePort));
    const workers: ManagedProcess[] = [];
    for (const [at, port] of workerPorts.entries()) {
      workers.push(
        await launch(`worker-${at}`, 'worker', port, '/readyz', {
          REDIS_URL: redis.url,
          DARKROOM_PREFIX: prefix,
          S3_BUCKET: bucket,
          S3_ENDPOINT: s3.endpoint,
          S3_ACCESS_KEY_ID: credentials.accessKeyId,
          S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          RUNWARE_API_KEY: 'test-key',
          RUNWARE_URL: `${emulatorUrl}/v1`,
          WEBHOOK_BASE_URL: webhookBaseUrl?.(receiverUrl) ?? receiverUrl,
          WEBHOOK_KEYS: webhookKeys,
          WORKER_SUBMIT_CONCURRENCY: '10',
          ...testTiming,
          ...workerEnv,
        }),
      );
    }

    return {
      directory,
      redis,
      redisUrl: redis.url,
      prefix,
      s3,
      s3Config,
      emulator,
      emulatorUrl,
      billFile: join(emulatorDirectory, 'bill.jsonl'),
      workers,
      receivers,
      receiverUrl,
      workerUrls: workerPorts.map((port) => `http://127.0.0.1:${port}`),
      async setFaults(changed) {
        const response = await fetch(`${emulatorUrl}/_emulator/faults`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json', connection: 'close' },
          body: JSON.stringify(changed),
        });
        if (!response.ok) throw new Error(`the emulator refused the faults: ${await response.text()}`);
        await response.arrayBuffer();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
