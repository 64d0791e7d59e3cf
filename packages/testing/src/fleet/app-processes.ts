import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { addressApp, appEnvironments, freePort, type AppName, type StoreAddresses } from '@darkroom/local-stack';
import { createManagedProcess, type ManagedProcess } from './managed-process.ts';

/** Settings that all processes of one Darkroom share. */
export interface AppSettings extends StoreAddresses {
  /** Folder of logs, bill and state. */
  directory: string;
  /** The Node binary, and the folder of the built apps. */
  runtime: { node: string; folder: string };
  /** The key of the provider. */
  apiKey?: string;
  /** Keys in the form of `WEBHOOK_KEYS`; random when absent. */
  webhookKeys?: string;
  /** Settings of workers and receivers that they need not have. */
  env?: Readonly<Record<string, string>>;
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

export function describeApps({ directory, runtime, redisUrl, prefix, s3, ...given }: AppSettings): AppProcesses {
  const { apiKey = 'test-key', webhookKeys = `test:${randomBytes(32).toString('hex')}`, env: common = {} } = given;
  const emulatorDirectory = join(directory, 'emulator');

  const stores = { redisUrl, prefix, s3 };
  const describe = async (
    name: string,
    app: AppName,
    env: Readonly<Record<string, string>>,
    readyPath?: '/readyz' | '/livez',
  ): Promise<AppProcess> => {
    const { script, url, readyUrl, environment } = addressApp(app, runtime.folder, await freePort());
    const managed = createManagedProcess({
      name,
      node: runtime.node,
      script,
      env: { ...env, ...environment },
      logFile: join(directory, `${name}.log`),
      readyUrl: readyPath === undefined ? readyUrl : `${url}${readyPath}`,
    });
    return { ...managed, url, env };
  };

  return {
    billFile: join(emulatorDirectory, 'bill.jsonl'),
    emulator: (faults, seed) => {
      const own = appEnvironments.emulator({ apiKey, dir: emulatorDirectory, faults: JSON.stringify(faults) });
      return describe('emulator', 'emulator', { ...own, EMULATOR_SEED: seed });
    },
    receiver: (name, env = {}) => describe(name, 'receiver', { ...appEnvironments.receiver(stores, webhookKeys), ...common, ...env }),
    worker: (name, env, readyPath) =>
      describe(name, 'worker', { ...appEnvironments.worker(stores, apiKey, webhookKeys), ...common, ...env }, readyPath),
  };
}
