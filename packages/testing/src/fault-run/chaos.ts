import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '@darkroom/local-stack';
import { Redis } from 'ioredis';
import { goBackAfter429 } from './go-back-after-429.ts';
import type { Fault, ScheduledFault } from './schedule.ts';
import type { FailOverRedis } from '../fleet/fail-over-redis.ts';
import { startAgain, type Stack } from '../fleet/stack.ts';

/** Counts of the faults so far. */
export interface ChaosCounts {
  kills: number;
  freezes: number;
  s3Troubles: number;
  redisRestarts: number;
  rollbacks: number;
  /** Rollbacks that made Redis forget a 429. */
  rollbacksAfter429: number;
  scriptFlushes: number;
  /** Failovers in which the connections to the old node stayed open. */
  failovers: number;
  /** Faults in which the open connections swallowed every byte. */
  silences: number;
  /** Times that Redis was full. */
  redisFull: number;
  /** Faults that had their effect, by kind. */
  struck: Partial<Record<Fault['kind'], number>>;
  /** Names of processes that ended by themselves and were started again, S3 and Redis among them; one for each end. */
  crashed: string[];
}

export interface ChaosSurroundings {
  stack: Stack;
  /** The Redis of the stack. */
  redis: FailOverRedis;
  /** Makes the provider refuse sends with 429 far more often, or as often as before. */
  refuseMore: (isOn: boolean) => Promise<void>;
  /** Returns the number of orders placed so far. */
  placed: () => number;
  /** Ends the chaos: each fault that has begun is repaired, and no other begins. */
  signal: AbortSignal;
  onFault: (line: string) => void;
}

export interface Chaos {
  readonly counts: Readonly<ChaosCounts>;
  /** Resolves when the schedule has ended and everything runs. */
  readonly over: Promise<void>;
  /** Ends the watch over processes that end by themselves. */
  stop(): Promise<void>;
}

/** Carries out a schedule. Faults of one target follow each other; those of different targets run at the same time. */
export function startChaos(schedule: readonly ScheduledFault[], surroundings: ChaosSurroundings): Chaos {
  const { stack, placed, signal, onFault } = surroundings;
  const counts: ChaosCounts = {
    kills: 0,
    freezes: 0,
    s3Troubles: 0,
    redisRestarts: 0,
    rollbacks: 0,
    rollbacksAfter429: 0,
    scriptFlushes: 0,
    failovers: 0,
    silences: 0,
    redisFull: 0,
    struck: {},
    crashed: [],
  };
  const gaveUp = new AbortController();
  const ended = AbortSignal.any([signal, gaveUp.signal]);
  /** Targets on which a fault or a start is working. */
  const taken = new Set<string>();
  const withTarget = async (target: string, work: () => Promise<void>): Promise<void> => {
    while (taken.has(target)) await delay(20);
    taken.add(target);
    try {
      await work();
    } finally {
      taken.delete(target);
    }
  };

  const carryOut = async (target: string): Promise<void> => {
    for (const { afterOrders, fault } of schedule.filter((each) => each.target === target)) {
      while (placed() < afterOrders && !ended.aborted) await delay(20);
      if (ended.aborted) return;
      await withTarget(target, async () => {
        onFault(`${target} ${describe(fault)}`);
        if (await strike({ ...surroundings, signal: ended }, target, fault, counts))
          counts.struck[fault.kind] = (counts.struck[fault.kind] ?? 0) + 1;
      });
    }
  };
  const lanes = [...new Set(schedule.map(({ target }) => target))].map((target) =>
    carryOut(target).catch((error: unknown) => {
      gaveUp.abort();
      throw error;
    }),
  );
  // Waits for every lane: one that continued would start again what the run stops.
  const over = Promise.allSettled(lanes).then(async () => void (await Promise.all(lanes)));

  const stopped = new AbortController();
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      for (const [name, process] of stack.processes) {
        if (taken.has(name) || process.isRunning()) continue;
        counts.crashed.push(name);
        onFault(`${name} ended by itself`);
        await withTarget(name, () => startAgain(process, stopped.signal));
      }
      for (const [name, store] of Object.entries({ s3: stack.s3, redis: stack.redis })) {
        if (taken.has(name) || store.pid === undefined || isAlive(store.pid)) continue;
        counts.crashed.push(name);
        onFault(`${name} ended by itself`);
        await withTarget(name, async () => {
          await store.stop();
          await store.start();
        });
      }
      await delay(200, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    counts,
    over,
    stop: async () => {
      stopped.abort();
      await watching;
    },
  };
}

/** @returns true if the fault had its effect. */
async function strike(surroundings: ChaosSurroundings, target: string, fault: Fault, counts: ChaosCounts): Promise<boolean> {
  const { stack, redis, signal } = surroundings;
  const { s3 } = stack;
  const process = stack.processes.get(target);
  // The end of the run cuts the pause short; the fault is repaired all the same.
  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);
  switch (fault.kind) {
    case 'kill':
      counts.kills += 1;
      await (process ?? s3).kill();
      await pause(fault.downMs);
      await (process === undefined ? s3.start() : startAgain(process, signal));
      return true;
    case 'freeze':
      counts.freezes += 1;
      process?.signal('SIGSTOP');
      await pause(fault.forMs);
      process?.signal('SIGCONT');
      return process !== undefined;
    case 's3-trouble':
      counts.s3Troubles += 1;
      s3.setTrouble(fault);
      await pause(fault.forMs);
      s3.setTrouble({ maxDelayMs: 0, refusedShare: 0 });
      return true;
    case 'redis-kill':
      counts.redisRestarts += 1;
      await redis.kill();
      await pause(fault.downMs);
      await redis.start();
      return true;
    case 'redis-rollback': {
      counts.redisRestarts += 1;
      counts.rollbacks += 1;
      const putBack = await redis.copyData();
      await pause(fault.lostMs);
      await redis.kill();
      await putBack();
      if (fault.idleMs !== undefined) await setCheckpointBack(redis, stack.prefix, fault.idleMs);
      await pause(fault.downMs);
      await redis.start();
      return true;
    }
    case 'redis-rollback-after-429': {
      if (!(await goBackAfter429(surroundings, fault))) return false;
      counts.redisRestarts += 1;
      counts.rollbacks += 1;
      counts.rollbacksAfter429 += 1;
      return true;
    }
    case 'redis-failover': {
      counts.redisRestarts += 1;
      counts.failovers += 1;
      const endDemoted = await redis.failOver(fault.lagMs);
      await pause(fault.demotedMs);
      await endDemoted();
      return true;
    }
    case 'redis-silence':
      counts.silences += 1;
      redis.silence();
      return true;
    case 'redis-full': {
      counts.redisFull += 1;
      const empty = await redis.fill();
      await pause(fault.forMs);
      await empty();
      return true;
    }
    case 'script-flush':
      counts.scriptFlushes += 1;
      await flushScripts(redis.url);
      return true;
    default:
      return fault satisfies never;
  }
}

/** Makes the copy look like that of a Darkroom that stood still for a while: only its checkpoint changed meanwhile. */
const setCheckpointBack = (redis: FailOverRedis, prefix: string, idleMs: number): Promise<void> =>
  redis.changeAway(async (client) => {
    const checkpoint = `${prefix}:checkpoint`;
    if ((await client.hget(checkpoint, 'since')) !== '0') throw new Error('Redis holds no checkpoint that counts');
    await client.hincrby(checkpoint, 'at', -idleMs);
  });

async function flushScripts(url: string): Promise<void> {
  const client = new Redis(url);
  try {
    await client.script('FLUSH');
  } finally {
    client.disconnect();
  }
}

const describe = ({ kind, ...rest }: Fault): string =>
  `${kind} ${Object.entries(rest)
    .map(([name, value]) => `${name} ${String(Math.round(Number(value) * 100) / 100)}`)
    .join(', ')}`;
