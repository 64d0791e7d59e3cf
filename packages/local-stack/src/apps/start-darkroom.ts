import type { Closing } from '../processes/closing.ts';
import { describeApp, type AppOptions, type AppPlace, type AppProcess } from './app-process.ts';
import { appEnvironments, type AppName, type StoreAddresses } from './environments.ts';

type Settings = Readonly<Record<string, string>>;

export interface DarkroomOptions extends AppPlace {
  /** Redis and S3, which run. */
  readonly stores: StoreAddresses;
  /** The key of the provider. */
  readonly apiKey: string;
  /** Keys in the form of `WEBHOOK_KEYS`. */
  readonly webhookKeys: string;
  /** Folder and settings of an emulator; absent: the settings of the workers name another provider. */
  readonly emulator?: { readonly dir: string; readonly faults: string; readonly seed?: string } | undefined;
  /** Names of the processes. The receivers take turns as the address for the deliveries of a worker. */
  readonly receivers: readonly string[];
  readonly workers: readonly string[];
  readonly dashboards?: readonly string[];
  readonly erasers?: readonly string[];
  readonly apis?: readonly string[];
  readonly notifiers?: readonly string[];
  /** Keys in the form of `NOTIFICATION_KEYS`; needed for notifiers; the API tells secrets with them. */
  readonly notificationKeys?: string;
  /** Returns settings of a process beside the emulator that win over the usual ones. @param providerUrl Address of the emulator. */
  readonly settingsOf?: (name: string, app: Exclude<AppName, 'emulator'>, providerUrl: string | undefined) => Settings;
  /** Returns the port of a process; free ones when absent. */
  readonly portOf?: (app: AppName) => number;
  /**
   * True: all apps start at once. Otherwise the workers start when the others are ready, because a worker logs a provider that does not
   * answer, and the first of them before the rest, because it opens the store with its own caps.
   */
  readonly isHasty?: boolean;
}

/** A whole Darkroom on this machine, each app a process. */
export interface Darkroom {
  readonly emulator: AppProcess | undefined;
  readonly receivers: readonly AppProcess[];
  readonly workers: readonly AppProcess[];
  readonly dashboards: readonly AppProcess[];
  readonly erasers: readonly AppProcess[];
  readonly apis: readonly AppProcess[];
  readonly notifiers: readonly AppProcess[];
  /** Path of the provider's bill, if the provider is an emulator. */
  readonly billFile: string;
  /** Describes one more worker, which the caller starts. @param settings Win over those of the other workers. */
  addWorker(name: string, settings: Settings, readyPath?: AppOptions['readyPath']): Promise<AppProcess>;
}

/**
 * Starts a whole Darkroom and waits until each process is ready.
 * @param closing Gets their ends before they start: all but the emulator side by side, then that.
 * @throws LocalStackError if a process does not become ready.
 */
export async function startDarkroom(options: DarkroomOptions, closing: Closing): Promise<Darkroom> {
  const { stores, apiKey, webhookKeys, settingsOf = () => ({}), portOf = () => undefined } = options;
  const emulator =
    options.emulator &&
    (await describeApp(options, {
      app: 'emulator',
      env: appEnvironments.emulator({ apiKey, ...options.emulator }),
      port: portOf('emulator'),
    }));
  const describe = (app: Exclude<AppName, 'emulator'>, name: string, usual: Settings): Promise<AppProcess> =>
    describeApp(options, { app, name, env: { ...usual, ...settingsOf(name, app, emulator?.url) }, port: portOf(app) });

  const receivers = await Promise.all(
    options.receivers.map((name) => describe('receiver', name, appEnvironments.receiver(stores, webhookKeys))),
  );
  const describeWorker = (name: string, at: number): Promise<AppProcess> =>
    describe('worker', name, {
      ...appEnvironments.worker(stores, apiKey, webhookKeys),
      ...(emulator !== undefined && { RUNWARE_URL: `${emulator.url}/v1` }),
      WEBHOOK_BASE_URL: receivers[at % receivers.length]?.url ?? '',
    });
  const workers = await Promise.all(options.workers.map(describeWorker));
  const dashboards = await Promise.all(
    (options.dashboards ?? []).map((name) => describe('dashboard', name, appEnvironments.dashboard(stores))),
  );
  const erasers = await Promise.all((options.erasers ?? []).map((name) => describe('eraser', name, appEnvironments.eraser(stores))));
  const apis = await Promise.all(
    (options.apis ?? []).map((name) => describe('api', name, appEnvironments.api(stores, options.notificationKeys))),
  );
  const notifiers = await Promise.all(
    (options.notifiers ?? []).map((name) => describe('notifier', name, appEnvironments.notifier(stores, options.notificationKeys ?? ''))),
  );

  const [inside, first] = [[...receivers, ...dashboards, ...erasers, ...apis, ...notifiers], emulator === undefined ? [] : [emulator]];
  const added: AppProcess[] = [...workers];
  if (emulator !== undefined) closing.add(async (hurry) => void (await emulator.stop(hurry)));
  closing.add(async (hurry) => void (await Promise.all([...inside, ...added].map((app) => app.stop(hurry)))));
  const start = (apps: readonly AppProcess[]): Promise<unknown> => Promise.all(apps.map((app) => app.start()));
  if (options.isHasty === true) await start([...first, ...inside, ...workers]);
  else {
    await start([...first, ...inside]);
    await start(workers.slice(0, 1));
    await start(workers.slice(1));
  }
  return {
    emulator,
    receivers,
    workers,
    dashboards,
    erasers,
    apis,
    notifiers,
    billFile: `${options.emulator?.dir ?? ''}/bill.jsonl`,
    async addWorker(name, settings, readyPath) {
      const like = await describeWorker(name, 0);
      const worker = await describeApp(options, { app: 'worker', name, env: { ...like.env, ...settings }, readyPath });
      added.push(worker);
      return worker;
    },
  };
}
