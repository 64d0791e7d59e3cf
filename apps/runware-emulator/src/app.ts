import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { makeFolders } from '@darkroom/service-runtime';
import { openBill } from './bill.ts';
import { systemClock, type Clock } from './clock.ts';
import type { EmulatorConfig } from './config.ts';
import { buildCourier } from './deliveries/courier.ts';
import { diceOf } from './dice.ts';
import { buildSwitchboard } from './faults/switchboard.ts';
import { createServer, type ServerOptions } from './http/server.ts';
import { buildEncoder } from './images/encode.ts';
import { buildGallery } from './images/gallery.ts';
import { openTaskStore } from './state/task-store.ts';
import { noStats } from './stats.ts';
import { buildExecutor } from './tasks/executor.ts';

export { readBill, type BillLine } from './bill.ts';
export { systemClock, type Clock } from './clock.ts';
export { type EmulatorConfig } from './config.ts';
export { faultsSchema, type Faults, type FaultsInput } from './faults/schema.ts';

/** Dependencies of the emulator. */
export interface EmulatorDependencies {
  clock: Clock;
  /** Longest time for a request to arrive, in milliseconds. Defaults to a minute: a machine under load sends images slowly. */
  requestLimitMs?: number;
}

/** Runware's HTTP API, with real images, a bill that outlives a kill, and seeded faults. */
export interface Emulator {
  /** Loads the state file and listens. A start after `stop` continues from there. */
  start(): Promise<void>;
  /** Aborts what is under way; the state file says what is left to do. May be called before `start`, twice and at any time. */
  stop(): Promise<void>;
  /** Address that it listens on, without a slash at the end. @throws Error while it does not listen. */
  readonly url: string;
  /** Path of the bill, for `readBill`. */
  readonly billFile: string;
}

/** Creates an emulator, which does nothing before `start`. */
export function createEmulator(
  config: EmulatorConfig,
  { clock, requestLimitMs = 60_000 }: EmulatorDependencies = { clock: systemClock },
): Emulator {
  const billFile = join(config.directory, 'bill.jsonl');
  let running: Running | undefined;
  // Starts and stops run one after another, so that a stop during a start stops what was started.
  let turn: Promise<void> = Promise.resolve();
  const inTurn = async (step: () => Promise<void>): Promise<void> => {
    const done = turn.then(step);
    turn = done.catch(() => undefined);
    return done;
  };
  return {
    start: () =>
      inTurn(async () => {
        running ??= await open(config, { billFile, requestLimitMs }, clock);
      }),
    stop: () =>
      inTurn(async () => {
        await running?.close();
        running = undefined;
      }),
    billFile,
    get url() {
      if (running === undefined) throw new Error('the emulator is not running: it has an address after start() and before stop()');
      return running.url;
    },
  };
}

interface Running {
  readonly url: string;
  close(): Promise<void>;
}

async function open(config: EmulatorConfig, serverOptions: ServerOptions, clock: Clock): Promise<Running> {
  const closers: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of closers.toReversed()) await closeOne();
  };
  try {
    makeFolders(config.directory);
    const store = openTaskStore(join(config.directory, 'state.jsonl'), clock);
    closers.push(() => store.close());
    const bill = openBill(serverOptions.billFile);
    closers.push(() => bill.close());
    const stopped = new AbortController();
    // Every waiting task listens to it.
    setMaxListeners(0, stopped.signal);

    let url = '';
    const base = {
      store,
      bill,
      clock,
      dice: diceOf(config.seed),
      gallery: buildGallery(buildEncoder()),
      stats: noStats(),
      signal: stopped.signal,
      baseUrl: () => config.publicUrl ?? url,
    };
    const executor = buildExecutor({ ...base, courier: buildCourier(base) });
    closers.push(async () => {
      stopped.abort();
      await executor.drain();
    });
    const switches = buildSwitchboard(config.faults, store);
    const server = createServer({ ...base, executor, switches, apiKey: config.apiKey }, serverOptions);
    closers.push(() => server.close());
    url = await server.listen({ host: config.host, port: config.port });
    for (const task of store.all()) executor.begin(task);
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}
