import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defined, timingVariable, type Timing } from '@darkroom/contracts';
import { DEFAULT_PREFIX } from '@darkroom/generation-store';
import { closeAtOnce, createClosing, startDarkroom, type AppProcess } from '@darkroom/local-stack';
import { setEmulatorFaults } from './set-emulator-faults.ts';
import { reserveRedis, type OwnRedis } from '../own-redis.ts';
import { reserveS3, type OwnS3 } from '../own-s3.ts';
import { numbered, testKeys, testPlace } from './test-place.ts';

/** A whole Darkroom of which a test can strike every part. */
export interface Stack {
  readonly redis: OwnRedis;
  readonly s3: OwnS3;
  readonly prefix: string;
  /** Workers, receivers, an eraser, notifiers, APIs and the emulator by name. */
  readonly processes: ReadonlyMap<string, AppProcess>;
  readonly billFile: string;
  setProviderFaults(faults: EmulatorSwitches): Promise<void>;
  stop(): Promise<void>;
}

/** Switches of the emulator (see its README). */
export type EmulatorSwitches = Readonly<Record<string, unknown>>;

export interface StackOptions {
  workers: number;
  receivers: number;
  seed: number;
  /** Folder of all files. */
  directory: string;
  /** The Redis of all processes, not yet started; a new one when absent. It stops with the stack. */
  redis?: OwnRedis;
  timing: Timing;
  providerFaults: EmulatorSwitches;
  /** Defaults to true. False: no process deletes objects. */
  hasEraser?: boolean;
  /** Names of APIs; none when absent. */
  apis?: readonly string[];
  /** Names of notifiers; none when absent. */
  notifiers?: readonly string[];
  /** Their master keys, in the form of NOTIFICATION_KEYS. */
  notificationKeys?: string;
  /** Folder of the built workers and receivers; that of all tests when absent. */
  folder?: string;
  /** Settings of the workers that differ from those of a fault run. */
  workerEnv?: Readonly<Record<string, string>>;
  /** Returns more environment for a worker or a receiver. @param servers Addresses to which it sends requests. */
  beside?: (name: string, servers: Servers) => Readonly<Record<string, string>>;
}

/** Servers to which the processes of Darkroom send requests. */
export interface Servers {
  redis: string;
  s3: string;
  provider: string;
}

/** Receivers on this machine, more attempts than one that fails now and then uses up, and an end of those that it does not answer. */
const notifierSettings = {
  NOTIFIER_ALLOW_LOOPBACK: 'true',
  NOTIFIER_DELAYS_MS: [100, 200, 400, 800, ...Array<number>(20).fill(1600)].join(','),
  NOTIFIER_TIMEOUT_MS: '1000',
};
const apiSettings = { NOTIFIER_ALLOW_LOOPBACK: 'true', API_REQUESTS_PER_MINUTE: '1000000' };
/** More than all tenants together ever spend. */
const DAILY_CAP_USD = '100000';
/** An app ends its start when a store is away; the stack then starts it again, as an orchestrator does. */
const START_TRIES_FOR_MS = 180_000;

/** Starts a stack and waits until each process is ready. The apps must be built. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { directory, workers, receivers, seed, timing, providerFaults, workerEnv = {}, beside = () => ({}), folder } = options;
  await mkdir(directory, { recursive: true });
  const redis = options.redis ?? (await reserveRedis({ dir: join(directory, 'redis') }));
  const s3 = await reserveS3(join(directory, 's3'));
  const prefix = DEFAULT_PREFIX;
  const workerSettings = {
    // The same fraction of the resend window as in production.
    WORKER_RECONCILE_EVERY_MS: String(Math.round(timing.resendWindowMs / 12)),
    WORKER_RECONCILE_GRACE_MS: String(timing.lockDurationMs),
    DAILY_CAP_USD,
    ...environmentOf(timing),
    ...workerEnv,
  };
  const closing = createClosing();
  closing.add(async () => void (await Promise.all([redis.stop(), s3.stop()])));
  try {
    await Promise.all([redis.start(), s3.start()]);
    const darkroom = await startDarkroom(
      {
        ...testPlace(directory, folder),
        stores: { redisUrl: redis.url, prefix, s3 },
        ...testKeys(),
        emulator: { dir: join(directory, 'emulator'), faults: JSON.stringify(providerFaults), seed: String(seed) },
        receivers: numbered('receiver', receivers),
        workers: numbered('worker', workers),
        erasers: options.hasEraser === false ? [] : ['eraser'],
        apis: options.apis ?? [],
        notifiers: options.notifiers ?? [],
        ...defined({ notificationKeys: options.notificationKeys }),
        settingsOf: (name, app, provider = '') => ({
          ...(app === 'worker' && workerSettings),
          ...(app === 'eraser' && { ERASER_EVERY_MS: '300' }),
          ...(app === 'notifier' && notifierSettings),
          ...(app === 'api' && apiSettings),
          ...beside(name, { redis: redis.url, s3: s3.endpoint, provider }),
        }),
      },
      closing,
    );
    const emulator = darkroom.emulator!; // started above
    return {
      redis,
      s3,
      prefix,
      processes: new Map(
        [emulator, ...darkroom.receivers, ...darkroom.workers, ...darkroom.erasers, ...darkroom.notifiers, ...darkroom.apis].map((each) => [
          each.name,
          each,
        ]),
      ),
      billFile: darkroom.billFile,
      setProviderFaults: (faults) => setEmulatorFaults(emulator.url, faults),
      stop: () => closeAtOnce(closing),
    };
  } catch (error) {
    await closeAtOnce(closing);
    throw error;
  }
}

/** Starts a process again and again until it is ready, or until the signal. @throws the last error if it does not become ready. */
export async function startAgain(process: AppProcess, signal: AbortSignal): Promise<void> {
  const endsAt = performance.now() + START_TRIES_FOR_MS;
  while (!signal.aborted) {
    try {
      await process.start();
      return;
    } catch (error) {
      await process.kill();
      if (performance.now() > endsAt) throw error;
    }
    await delay(200);
  }
}

const environmentOf = (timing: Timing): Record<string, string> =>
  Object.fromEntries((Object.keys(timing) as (keyof Timing)[]).map((key) => [timingVariable(key), String(timing[key])])); // the keys are the type
