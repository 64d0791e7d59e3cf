import { createDraws, type NamedDraws } from '../named-draws.ts';
import type { FaultRunSettings } from './settings.ts';
import { timingOf } from './timing.ts';

/** One fault. Each ends by itself, and leaves its target running. */
export type Fault =
  /** SIGKILL, and a start after a while. */
  | { kind: 'kill'; downMs: number }
  /** SIGSTOP, and SIGCONT after a while. For a receiver this is a network cut. */
  | { kind: 'freeze'; forMs: number }
  | { kind: 's3-trouble'; forMs: number; maxDelayMs: number; refusedShare: number }
  /** `kill -9`; the append-only file restores all acknowledged writes. */
  | { kind: 'redis-kill'; downMs: number }
  /** Copies the append-only file; after a while `kill -9`, and a start from the copy, which looks idle for `idleMs` before that. */
  | { kind: 'redis-rollback'; lostMs: number; downMs: number; idleMs?: number }
  /**
   * Waits for a 429 of the provider, then takes Redis back to a moment before it, so that Redis forgets that verdict. Without a 429 it
   * does nothing. The copy is at most `freshMs` old.
   */
  | { kind: 'redis-rollback-after-429'; withinMs: number; freshMs: number; downMs: number }
  /** Another node replaces Redis, without the last writes. The old node still answers reads on its open connections. */
  | { kind: 'redis-failover'; lagMs: number; demotedMs: number }
  /** The open connections swallow every byte; new ones work. */
  | { kind: 'redis-silence' }
  /** Redis reaches `maxmemory` and evicts nothing. */
  | { kind: 'redis-full'; forMs: number }
  /** Redis forgets its scripts. */
  | { kind: 'script-flush' };

export interface ScheduledFault {
  /** Number of placed orders at which it begins. */
  afterOrders: number;
  /** Name of a process, or "redis" or "s3". Faults of one target follow each other. */
  target: string;
  fault: Fault;
}

type ScheduleSettings = Pick<
  FaultRunSettings,
  | 'generations'
  | 'seed'
  | 'workers'
  | 'receivers'
  | 'scale'
  | 'kills'
  | 'redisKills'
  | 'rollbacks'
  | 'rollback'
  | 'rollbacksAfter429'
  | 'failovers'
  | 'forget'
>;

/** Derives faults and times from the settings alone: equal settings give an equal schedule. */
export function deriveSchedule(settings: ScheduleSettings): ScheduledFault[] {
  const { generations, seed, scale, kills, redisKills, rollbacks, rollback, rollbacksAfter429, failovers, forget } = settings;
  const { lockDurationMs, resendWindowMs } = timingOf(scale);
  const ms = (its: NamedDraws, what: string, min: number, max: number): number => its.between(what, min * scale, max * scale);
  const names = (kind: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${kind}-${at}`);
  const aWorker = (its: NamedDraws): string => its.pick('worker', names('worker', settings.workers));
  const aReceiver = (its: NamedDraws): string => its.pick('receiver', names('receiver', settings.receivers));
  const anyProcess = (its: NamedDraws): string => {
    const kind = its.pickWeighted('target', [
      [5, 'worker'],
      [2, 'receiver'],
      [1.5, 'emulator'],
      [1.5, 's3'],
    ]);
    return kind === 'worker' ? aWorker(its) : kind === 'receiver' ? aReceiver(its) : kind;
  };
  const draws = createDraws(seed, 'schedule');
  const makers: [name: string, count: number, make: (draws: NamedDraws) => Strike | Strike[]][] = [
    ['kill', kills, (its) => ({ target: anyProcess(its), fault: { kind: 'kill', downMs: ms(its, 'down', 0, 1500) } })],
    ['eraser-kill', kills / 6, (its) => ({ target: 'eraser', fault: { kind: 'kill', downMs: ms(its, 'down', 0, 1500) } })],
    ['notifier-kill', kills / 6, (its) => ({ target: 'notifier', fault: { kind: 'kill', downMs: ms(its, 'down', 0, 1500) } })],
    ['api-kill', kills / 6, (its) => ({ target: 'api', fault: { kind: 'kill', downMs: ms(its, 'down', 0, 1500) } })],
    // A frozen worker may lose its lock to another, and still continues afterwards.
    [
      'worker-freeze',
      kills / 4,
      (its) => ({ target: aWorker(its), fault: { kind: 'freeze', forMs: its.between('for', lockDurationMs / 4, lockDurationMs * 3) } }),
    ],
    ['receiver-freeze', kills / 8, (its) => ({ target: aReceiver(its), fault: { kind: 'freeze', forMs: ms(its, 'for', 1000, 8000) } })],
    ['emulator-freeze', kills / 16, (its) => ({ target: 'emulator', fault: { kind: 'freeze', forMs: ms(its, 'for', 500, 4000) } })],
    ['s3-refuses', kills / 8, (its) => s3Trouble(ms(its, 'for', 1000, 4000), 0, 0.2 + 0.8 * its.fraction('refused'))],
    ['s3-delays', kills / 8, (its) => s3Trouble(ms(its, 'for', 1000, 5000), ms(its, 'delay', 200, 2000), 0)],
    ['redis-kill', redisKills, (its) => ({ target: 'redis', fault: { kind: 'redis-kill', downMs: ms(its, 'down', 0, 2000) } })],
    [
      'redis-rollback',
      rollbacks,
      (its) => ({
        target: 'redis',
        fault: { kind: 'redis-rollback', lostMs: ms(its, 'lost', 500, 6000), ...rollback, downMs: ms(its, 'down', 0, 1000) },
        // A long fault begins early, so that orders arrive during it.
        ...(rollback && { latest: 0.05 }),
      }),
    ],
    [
      'rollback-after-429',
      rollbacksAfter429,
      (its) => ({
        target: 'redis',
        fault: { kind: 'redis-rollback-after-429', withinMs: 60_000 * scale, freshMs: 3000 * scale, downMs: ms(its, 'down', 0, 1000) },
        // Early enough that workers still send orders which the provider can refuse.
        latest: 0.5,
      }),
    ],
    [
      'failover',
      failovers,
      (its) => ({
        target: 'redis',
        fault: { kind: 'redis-failover', lagMs: ms(its, 'lag', 0, 1500), demotedMs: ms(its, 'demoted', 3000, 10_000) },
      }),
    ],
    ['silence', failovers, () => ({ target: 'redis', fault: { kind: 'redis-silence' } })],
    ['full', failovers, (its) => ({ target: 'redis', fault: { kind: 'redis-full', forMs: ms(its, 'for', 500, 4000) } })],
    ['script-flush', 1 + redisKills / 2, () => ({ target: 'redis', fault: { kind: 'script-flush' } })],
    // S3 is slow, so that a worker sleeps between commit and send and wakes after the provider has forgotten the id. Always the same
    // worker: with both asleep no worker could repeat in time a send that was never accepted.
    [
      'sleep-past-window',
      forget === 'after-window' ? 1 : 0,
      () => [
        s3Trouble(6000 * scale, 4000 * scale, 0),
        { target: 'worker-0', fault: { kind: 'freeze', forMs: 2.2 * resendWindowMs }, ordersLater: 5 },
      ],
    ],
  ];
  return makers
    .flatMap(([name, count, make]) =>
      Array.from({ length: Math.round(count) }, (_, at) => {
        const its = draws.of(name).of(at);
        return { its, strikes: make(its) };
      }),
    )
    .flatMap(({ its, strikes }) => {
      // The faults of a group follow each other, so the group begins early and strikes while orders arrive.
      const latest = Math.floor(generations * (Array.isArray(strikes) ? 0.3 : (strikes.latest ?? 0.95)));
      const first = its.between('after-orders', Math.ceil(generations * 0.03), latest);
      return [strikes]
        .flat()
        .map(({ target, fault, ordersLater = 0 }) => ({ afterOrders: Math.min(first + ordersLater, generations), target, fault }));
    })
    .toSorted((one, other) => one.afterOrders - other.afterOrders);
}

/** A fault, or a list of faults that belong together. */
interface Strike extends Omit<ScheduledFault, 'afterOrders'> {
  ordersLater?: number;
  /** The latest share of all orders after which it begins. */
  latest?: number;
}

const s3Trouble = (forMs: number, maxDelayMs: number, refusedShare: number): Strike => ({
  target: 's3',
  fault: { kind: 's3-trouble', forMs, maxDelayMs, refusedShare },
});

/** Formats each fault as a line for people. */
export const describeSchedule = (schedule: readonly ScheduledFault[]): string =>
  schedule
    .map(
      ({ afterOrders, target, fault: { kind, ...rest } }) =>
        `${String(afterOrders).padStart(6)}  ${target.padEnd(11)} ${kind.padEnd(15)} ${JSON.stringify(rest)}`,
    )
    .join('\n');
