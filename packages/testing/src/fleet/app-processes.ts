import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '@darkroom/local-stack';
import { createManagedProcess, type ManagedProcess } from './managed-process.ts';

/** Settings that all processes of one Darkroom share. */
export interface AppSettings {
  /** Folder of logs, bill and state. */
  directory: string;
  /** The Node binary, and the folder of the built apps. */
  runtime: { node: string; folder: string };
  redisUrl: string;
  prefix: string;
  /** The key of the provider. */
  apiKey?: string;
  /** Keys in the form of `WEBHOOK_KEYS`; random when absent. */
  webhookKeys?: string;
  /** Settings of workers and receivers that they need not have. */
  env?: Readonly<Record<string, string>>;
  s3: { endpoint: string; region: string; bucket: string; credentials: { accessKeyId: string; secretAccessKey: string } };
}

/** A process of an app, and its address. */
export interface AppProcess extends ManagedProcess {
  readonly url: string;
  /** Its environment; commands of an operator get the same. */
  readonly env: Readonly<Record<string, string>>;
}

/** Describes the processes of one Darkroom, each with a port of its own; none runs before `start`. */
export interface AppProcesses {
  /** Path of the provider's bill. */
  readonly billFile: string;
  emulator(faults: Readonly<Record<string, unknown>>, seed: string): Promise<AppProcess>;
  /** @param env Environment in addition to its own settings. */
  receiver(name: string, env?: Readonly<Record<string, string>>): Promise<AppProcess>;
  /** @param readyPath Path that answers when it is ready; only the health port opens for "/livez". */
  worker(name: string, env: WorkerEnvironment, readyPath?: '/readyz' | '/livez'): Promise<AppProcess>;
}

/** Settings that differ between workers. */
export type WorkerEnvironment = Readonly<Record<string, string>> & { RUNWARE_URL: string; WEBHOOK_BASE_URL: string };

/** Settings that name the stores of a Darkroom to a worker or to a command of an operator. */
export const storesEnvironment = ({ redisUrl, prefix, s3 }: Pick<AppSettings, 'redisUrl' | 'prefix' | 's3'>): Record<string, string> => ({
  REDIS_URL: redisUrl,
  DARKROOM_PREFIX: prefix,
  S3_BUCKET: s3.bucket,
  S3_ENDPOINT: s3.endpoint,
  S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
});

export function describeApps({ directory, runtime, redisUrl, prefix, s3, ...given }: AppSettings): AppProcesses {
  const { apiKey = 'test-key', webhookKeys = `test:${randomBytes(32).toString('hex')}`, env: common = {} } = given;
  const emulatorDirectory = join(directory, 'emulator');

  const describe = async (name: string, app: string, readyPath: string, env: Readonly<Record<string, string>>): Promise<AppProcess> => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const managed = createManagedProcess({
      name,
      node: runtime.node,
      script: join(runtime.folder, 'apps', app, 'dist', 'main.js'),
      env: { ...env, HOST: '127.0.0.1', PORT: String(port) },
      logFile: join(directory, `${name}.log`),
      readyUrl: `${url}${readyPath}`,
    });
    return { ...managed, url, env };
  };

  return {
    billFile: join(emulatorDirectory, 'bill.jsonl'),
    emulator: (faults, seed) =>
      describe('emulator', 'runware-emulator', '/', {
        EMULATOR_API_KEY: apiKey,
        EMULATOR_SEED: seed,
        EMULATOR_DIR: emulatorDirectory,
        FAULTS: JSON.stringify(faults),
      }),
    receiver: (name, env = {}) =>
      describe(name, 'webhook-receiver', '/readyz', {
        REDIS_URL: redisUrl,
        DARKROOM_PREFIX: prefix,
        WEBHOOK_KEYS: webhookKeys,
        ...common,
        ...env,
      }),
    worker: (name, env, readyPath = '/readyz') =>
      describe(name, 'worker', readyPath, {
        ...storesEnvironment({ redisUrl, prefix, s3 }),
        RUNWARE_API_KEY: apiKey,
        WEBHOOK_KEYS: webhookKeys,
        ...common,
        ...env,
      }),
  };
}
