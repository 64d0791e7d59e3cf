import path from 'node:path';
import { defined, describeCapsDifference, LocalStackError, parseUsd, type NanoUsd } from '@darkroom/contracts';
import { isLiftable, type GenerationStore } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import type { Closing } from '@darkroom/local-stack';
import { createProducer } from '@darkroom/producer';
import { readSettings, spendSettings, type Environment } from '@darkroom/service-runtime';
import type { StartConfig } from './config.ts';
import { openDataFolder } from './data-folder/data-folder.ts';
import { laptopCap } from './laptop/quote.ts';
import { lowerCap, setCap } from './laptop/own-cap.ts';
import { watchForAccountPause } from './laptop/watch-pause.ts';
import { listDeliveryPaths } from './laptop/delivery-paths.ts';
import { orderExamples } from './orders/order-examples.ts';
import { formatReceipt } from './orders/receipt.ts';
import { saveImages } from './orders/save-images.ts';
import { describeAddresses } from './describe-addresses.ts';
import { runUntilOver, untilOver, type RunContext, type RunExitCode } from './run-until-over.ts';
import { shownPath } from './shown-path.ts';
import { ensureApiKey } from './stack/api-key.ts';
import { startApps, type ProviderOfStart } from './stack/apps.ts';
import type { RedisChoice } from './stack/redis-choices.ts';
import { openStore } from './stack/open-store.ts';
import { openStores } from './stack/stores.ts';
import type { Terminal } from './terminal.ts';

/** Options of the command line. */
export interface StartValues {
  readonly once: boolean;
  readonly buy: boolean;
  readonly maxUsd: NanoUsd | undefined;
  /** Undefined: the data folder that `npm start` uses. */
  readonly dataDir: string | undefined;
  readonly redis: RedisChoice | undefined;
}

export interface StartOptions extends RunContext {
  command: StartValues;
  config: StartConfig;
  /** Folder of the installation. */
  root: string;
  /** Folder that holds `apps/`. */
  programs: string;
  /** Milliseconds since 1970. */
  now: () => number;
}

const IMAGE_LIMIT_BYTES = 32 * 1024 ** 2;
const STORAGE_TIMEOUT_MS = 10_000;

/**
 * Runs the whole system until a signal or, with `once`, until the examples are final; then stops everything.
 * @returns 0 if all images were verified; 130 if a signal came before that; 1 otherwise.
 */
export const start = ({ terminal, signals, ...options }: StartOptions): Promise<RunExitCode> =>
  runUntilOver({ terminal, signals }, (closing, over) => run(options, terminal, closing, over));

async function run(
  { command, config, root, programs, now }: Omit<StartOptions, keyof RunContext>,
  terminal: Terminal,
  closing: Closing,
  over: AbortController,
): Promise<RunExitCode> {
  const { signal } = over;
  const row = (name: string, text: string): void => terminal.print(`  ${name.padEnd(10)}${text}`);

  const provider = providerOf(command, config);
  const dataDir = command.dataDir ?? defaultDataDir(root, config);
  const folder = await openDataFolder(dataDir, provider?.runware.url);
  closing.add(() => folder.owned.release());
  if (folder.leftOvers > 0) terminal.print(`ended ${folder.leftOvers} processes that an earlier start left behind`);
  terminal.print(terminal.paint('bold', 'Darkroom on this machine'), '');

  const cacheDir = path.join(root, '.local');
  const stores = await openStores({ config, folder, cacheDir, now, ...defined({ redis: command.redis }) }, closing);
  signal.throwIfAborted();
  if (provider !== undefined && !stores.isDurable)
    throw new LocalStackError(
      'nothing was bought: the only Redis that could be started here forgets everything when it ends, also what was paid for; install redis or valkey, or set REDIS_URL',
    );
  row('redis', stores.redisDetail);
  row('s3', stores.s3Detail);
  if (stores.notice !== undefined) row('', terminal.paint('yellow', stores.notice));

  const storage = createObjectStorage({ ...stores.s3, requestTimeoutMs: STORAGE_TIMEOUT_MS, maxImageBytes: IMAGE_LIMIT_BYTES }, { now });
  closing.add(() => storage.close());
  const store = openStore(stores, closing);
  const settings = { store, archive: storage };
  const printCaps = (change: string | undefined): void => void (change !== undefined && terminal.print(terminal.paint('yellow', change)));
  if (provider !== undefined) {
    await watchAccount(store, config.redis === undefined, terminal, closing, over);
    printCaps(await lowerCap(settings, parseUsd(provider.dailyCapUsd)));
  }
  const onDeath = (error: LocalStackError): void => over.abort(error);
  const darkroom = await startApps({ stores, folder, programs, environment: config.environment, provider, onDeath }, closing);
  signal.throwIfAborted();
  if (darkroom.emulator !== undefined) row('emulator', `${darkroom.emulator.url}, plays Runware: real images, no money`);
  for (const { url } of darkroom.receivers) row('receiver', `${url}, takes the provider's webhooks`);
  row('worker', 'ready');
  for (const { url } of darkroom.dashboards) row('dashboard', `${url}, shows what happens, and what it costs`);
  for (const { url } of darkroom.apis) row('api', `${url}, the HTTP API; ${url}/reference describes it`);

  // A cap is raised only now: the worker is ready, so it has restored what Redis may have forgotten.
  printCaps(
    provider === undefined ? await describeOtherCaps(store, config.environment) : await setCap(settings, parseUsd(provider.dailyCapUsd)),
  );
  const producer = createProducer({ redisUrl: stores.redis.url, prefix: stores.redis.prefix });
  closing.add(() => producer.close());

  const seller = provider === undefined ? 'the emulator' : provider.runware.url;
  terminal.print('', `The three examples of the model's page, bought from ${seller}:`, '');
  const generations = await orderExamples(producer, terminal, signal);
  const rows = [];
  for (const generation of generations) {
    for (const saved of await saveImages(generation, storage, folder.images)) rows.push({ generation, saved });
  }
  if (rows.length > 0)
    terminal.print('', ...formatReceipt(rows, provider === undefined ? "on the emulator's bill" : 'as the provider reported it'));
  const ordered = generations.reduce((sum, { images }) => sum + images.length, 0);
  const verified = rows.filter(({ saved }) => saved.kind === 'saved').length;
  const isRedisOurs = config.redis === undefined;
  if (!command.once) {
    const isS3Ours = config.s3 === undefined;
    // Kept in this folder, and shown only if it opens nothing but this machine.
    const apiKey = await ensureApiKey(folder.dir, settings);
    terminal.print(
      '',
      ...describeAddresses({ stores, darkroom, images: folder.images, logs: folder.logs, root, isRedisOurs, isS3Ours, apiKey }),
    );
    terminal.print('', terminal.paint('bold', 'Runs on until Ctrl-C.'));
    await untilOver(signal);
  }
  if (verified === ordered) return 0;
  terminal.complain(`\n${ordered - verified} of ${ordered} images were not verified; the logs in ${shownPath(folder.logs)} say why`);
  return 1;
}

/** Returns the provider to buy from; undefined if images come from the emulator. */
const providerOf = (command: StartOptions['command'], config: StartConfig): ProviderOfStart | undefined =>
  config.runware && {
    runware: config.runware,
    webhookBaseUrl: config.webhookBaseUrl,
    askForUpload: listDeliveryPaths(config).some(({ name, isOpen }) => name === 'upload' && isOpen),
    dailyCapUsd: laptopCap(command.maxUsd, config.environment),
  };

/** Returns the default data folder: generations for the emulator and generations bought for money never share one. */
const defaultDataDir = (root: string, { runware }: Pick<StartConfig, 'runware'>): string =>
  path.join(root, '.local', runware === undefined ? 'data' : 'runware');

/**
 * Ends the run when the provider refuses the account. In a Redis of its own it first lifts the pause of an earlier start: the key may be
 * another one now, and the first purchase shows whether the provider takes it.
 */
async function watchAccount(
  store: GenerationStore,
  isRedisOurs: boolean,
  terminal: Terminal,
  closing: Closing,
  over: AbortController,
): Promise<void> {
  if (isRedisOurs) await store.resumeBuying(['account']);
  // The worker itself ends the wait after a restart of Redis, so only pauses that an operator can lift are printed.
  for (const { kind, reason } of (await store.pauses()).filter(isLiftable))
    terminal.print(terminal.paint('yellow', `buying is paused (${kind}: ${reason}); lift it with: darkroom resume`));
  const { count } = await store.readOpenGenerations();
  if (count > 0) terminal.print(`${count} generations of an earlier start are still open; they continue, and count towards the cap`);
  closing.add(watchForAccountPause(store, (error) => over.abort(error)));
}

/** Explains how to change the caps of a kept store if the environment names others; undefined if it does not. */
async function describeOtherCaps(store: GenerationStore, environment: Environment): Promise<string | undefined> {
  const { named } = readSettings({ spend: spendSettings }, environment).spend;
  const caps = (await store.findCaps())?.caps;
  const words = caps === undefined ? '' : describeCapsDifference(named, caps);
  return words === '' ? undefined : `${words}: the environment sets the caps of a new store only; change them with darkroom caps`;
}
