import { setTimeout as delay } from 'node:timers/promises';
import type { AppProcess } from '@darkroom/local-stack';
import { createGenerationId, defined, type GrokImagineRequestInput, type Timing } from '@darkroom/contracts';
import { connectPatient } from '@darkroom/generation-store';
import { createProducer, type EnqueueOptions, type Producer } from '@darkroom/producer';
import type { Redis } from 'ioredis';
import { startStack, type EmulatorSwitches, type Servers, type Stack } from '../fleet/stack.ts';
import type { OrderRecord } from '../judge/evidence.ts';
import { openRecords, type Records } from '../judge/records.ts';
import { createTap, type Tap } from './tap.ts';
import { usualRequest } from './usual-request.ts';

/** A Darkroom with one worker and one receiver, each with a tap, and its orders. */
export interface CrashWorld extends Readonly<CrashPlaces> {
  readonly stack: Stack;
  readonly producer: Producer;
  readonly records: Records;
  readonly redis: Redis;
  /** Every order so far, for the judge. */
  readonly orders: OrderRecord[];
  process(name: string): AppProcess;
  /** Returns the tap of a worker or receiver, or a new one for a program. */
  tap(name: string): Tap;
  /** Records an order before it is placed, under an id of its own. */
  note(images: number, options?: PlaceOptions): OrderRecord;
  /** Places an order. */
  place(request?: GrokImagineRequestInput, options?: PlaceOptions): Promise<OrderRecord>;
  /** Returns true if Redis knows the order. */
  isKnown(order: OrderRecord): Promise<boolean>;
  /** Waits until the caller learns that the order has ended. */
  home(order: OrderRecord): Promise<void>;
  /** Waits until no job waits, runs or is delayed, so that nothing more happens by itself. */
  quiet(): Promise<void>;
  /** Waits until `check` returns true. @throws Error after a while, naming `what`. */
  until(what: string, check: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

export interface PlaceOptions extends Pick<EnqueueOptions, 'idempotencyKey' | 'deadlineAt' | 'runAt' | 'tenant'> {
  /** Age of its id at enqueue, in milliseconds. */
  idAgeMs?: number;
}

/** Returns the current id of an order. */
export const idOf = ({ ids }: OrderRecord): string => ids.at(-1) ?? '';

const SECOND = 1000;
/** Short, so that another process soon takes over from a killed one; the relative order is that of production. */
const crashTiming: Readonly<Timing> = {
  requestTimeoutMs: 2 * SECOND,
  resendWindowMs: 30 * SECOND,
  horizonMs: 60 * SECOND,
  imageTtlMs: 120 * SECOND,
  capabilityTtlMs: 120 * SECOND,
  firstPollMs: 0.5 * SECOND,
  maxPollMs: 1 * SECOND,
  uploadWindowMs: 0.7 * SECOND,
  patienceMs: 5 * SECOND,
  uploadPollMs: 0.05 * SECOND,
  troubleMs: 0.15 * SECOND,
  maxTroubleMs: 0.5 * SECOND,
  maxProbeMs: 0.2 * SECOND,
  lockDurationMs: 1 * SECOND,
  stalledIntervalMs: 0.3 * SECOND,
};

/** A fast provider that takes an id again once its task has ended: a send too many is then a purchase, not a conflict. */
const quick: EmulatorSwitches = {
  replay: 'conflict-while-running',
  executionMs: [20, 40],
  uploadDelayMs: [10, 20],
  webhookFirstRetryMs: 50,
  webhookMaxRetryMs: 200,
  webhookTimeoutMs: 1000,
};

/** The longest time until all images are home after a process died. */
const LIMIT_MS = 60 * SECOND;
/** Checks are rare, because many worlds share the processor. */
const CHECK_EVERY_MS = 40;
const A_DAY_MS = 86_400_000;

export interface CrashPlaces {
  /** Folder of all files. */
  directory: string;
  /** Folder of the built apps. */
  folder: string;
}

export interface CrashWorldOptions {
  faults?: EmulatorSwitches;
  workerEnv?: Readonly<Record<string, string>>;
  timing?: Partial<Timing>;
  /** Defaults to false: an idle eraser takes as much processor time as an idle worker. */
  hasEraser?: boolean;
}

/** Starts the world. */
export async function startCrashWorld(
  places: CrashPlaces,
  { faults = {}, workerEnv = {}, timing = {}, hasEraser = false }: CrashWorldOptions,
): Promise<CrashWorld> {
  const { directory, folder } = places;
  const taps = new Map<string, Tap>();
  let servers: Servers = { redis: '', s3: '', provider: '' };
  const tap = (name: string): Tap => {
    const known = taps.get(name) ?? createTap(directory, name, servers);
    taps.set(name, known);
    return known;
  };
  const stack = await startStack({
    directory,
    folder,
    workers: 1,
    receivers: 1,
    seed: 1,
    hasEraser,
    timing: { ...crashTiming, ...timing },
    providerFaults: { ...quick, ...faults },
    // The successor of a killed process must repair what the crash left; the reconciler must not.
    workerEnv: { WORKER_RECONCILE_EVERY_MS: String(A_DAY_MS), ...workerEnv },
    beside: (name, all) => {
      servers = all;
      return tap(name).environment;
    },
  });
  const producer = createProducer({ redisUrl: stack.redis.url, prefix: stack.prefix });
  const records = openRecords(stack);
  const redis = connectPatient(stack.redis.url);
  const orders: OrderRecord[] = [];

  const until = async (what: string, check: () => Promise<boolean>): Promise<void> => {
    const endsAt = performance.now() + LIMIT_MS;
    while (!(await check())) {
      if (performance.now() > endsAt) throw new Error(`after ${LIMIT_MS / SECOND} s still not: ${what}`);
      await delay(CHECK_EVERY_MS);
    }
  };
  const countJobs = async (): Promise<number> => {
    const asked = redis.pipeline();
    for (const queue of ['submissions', 'settlements']) {
      for (const state of ['wait', 'active', 'paused']) asked.llen(`${stack.prefix}:${queue}:${state}`);
      for (const state of ['delayed', 'prioritized']) asked.zcard(`${stack.prefix}:${queue}:${state}`);
    }
    return ((await asked.exec()) ?? []).reduce((sum, [, count]) => sum + Number(count), 0);
  };

  const world: CrashWorld = {
    ...places,
    stack,
    producer,
    records,
    redis,
    orders,
    process(name) {
      const process = stack.processes.get(name);
      if (process === undefined) throw new RangeError(`there is no process "${name}"`);
      return process;
    },
    tap,
    note(images, { deadlineAt, idempotencyKey, tenant, idAgeMs = 0 } = {}) {
      const order: OrderRecord = {
        ids: [createGenerationId(Date.now() - idAgeMs)],
        images,
        outcome: 'open',
        ...defined({ idempotencyKey, tenant, deadlineAt: deadlineAt === undefined ? undefined : Number(deadlineAt) }),
      };
      orders.push(order);
      return order;
    },
    async place(given = usualRequest, options = {}) {
      const order = world.note(given.numberResults ?? 1, options);
      const { idAgeMs: _, ...enqueueOptions } = options;
      await producer.enqueue(given, { ...enqueueOptions, generationId: idOf(order) });
      return order;
    },
    async isKnown(order) {
      const generations = await records.readGenerations([order]);
      return Object.values(generations).some((generation) => generation !== null);
    },
    async home(order) {
      await producer.wait(idOf(order), { timeoutMs: LIMIT_MS });
      order.outcome = 'final';
    },
    quiet: () => until('no job left', async () => (await countJobs()) === 0),
    until,
    async stop() {
      await producer.close();
      records.close();
      redis.disconnect();
      await stack.stop();
    },
  };
  return world;
}
