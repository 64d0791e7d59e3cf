import { createRandom, type SeededRandom } from '../seeded-random.ts';
import type { FaultRunSettings } from './settings.ts';
import { timingOf } from './timing.ts';

/** One thing that goes wrong. Each ends by itself, and leaves what it struck running. */
export type Fault =
  /** SIGKILL; started again after a while. */
  | { kind: 'kill'; downMs: number }
  /** SIGSTOP, and SIGCONT after a while: for a receiver, that it is cut off. */
  | { kind: 'freeze'; forMs: number }
  | { kind: 's3-trouble'; forMs: number; maxDelayMs: number; refusedShare: number }
  /** `kill -9`; the append-only file brings back what was acknowledged. */
  | { kind: 'redis-kill'; downMs: number }
  /** The append-only file is copied; time passes; `kill -9`; the copy takes its place. */
  | { kind: 'redis-rollback'; lostMs: number; downMs: number }
  /** Redis forgets its scripts. */
  | { kind: 'script-flush' };

export interface ScheduledFault {
  /** It begins when so many orders were placed. */
  afterOrders: number;
  /** A process by its name, "redis" or "s3". What strikes one target does so in turn. */
  target: string;
  fault: Fault;
}

type ScheduleSettings = Pick<
  FaultRunSettings,
  'generations' | 'seed' | 'workers' | 'receivers' | 'scale' | 'kills' | 'redisKills' | 'rollbacks' | 'forget'
>;

/** Derives what goes wrong and when from the settings alone: the same settings, the same schedule. */
export function deriveSchedule(settings: ScheduleSettings): ScheduledFault[] {
  const { generations, seed, scale, kills, redisKills, rollbacks, forget } = settings;
  const { lockDurationMs, resendWindowMs } = timingOf(scale);
  const random = createRandom(seed, 'schedule');
  const ms = (min: number, max: number): number => random.between(min * scale, max * scale);
  const aWorker = (): string => `worker-${random.between(0, settings.workers - 1)}`;
  const aReceiver = (): string => `receiver-${random.between(0, settings.receivers - 1)}`;
  const anyProcess = (): string => weighted(random, [5, aWorker], [2, aReceiver], [1.5, () => 'emulator'], [1.5, () => 's3']);

  const makers: [count: number, make: () => Strike | Strike[]][] = [
    [kills, () => ({ target: anyProcess(), fault: { kind: 'kill', downMs: ms(0, 1500) } })],
    // a frozen worker may lose its lock to another and go on all the same
    [kills / 4, () => ({ target: aWorker(), fault: { kind: 'freeze', forMs: random.between(lockDurationMs / 4, lockDurationMs * 3) } })],
    [kills / 8, () => ({ target: aReceiver(), fault: { kind: 'freeze', forMs: ms(1000, 8000) } })],
    [kills / 16, () => ({ target: 'emulator', fault: { kind: 'freeze', forMs: ms(500, 4000) } })],
    [kills / 8, () => s3Trouble(ms(1000, 4000), 0, 0.2 + 0.8 * random.fraction())],
    [kills / 8, () => s3Trouble(ms(1000, 5000), ms(200, 2000), 0)],
    [redisKills, () => ({ target: 'redis', fault: { kind: 'redis-kill', downMs: ms(0, 2000) } })],
    [rollbacks, () => ({ target: 'redis', fault: { kind: 'redis-rollback', lostMs: ms(500, 6000), downMs: ms(0, 1000) } })],
    [1 + redisKills / 2, () => ({ target: 'redis', fault: { kind: 'script-flush' } })],
    // S3 is slow, so that a worker falls asleep between commit and send, and wakes when the provider has forgotten the id. Always
    // the same one: with both asleep nobody could send again in time what was never accepted
    [
      forget === 'after-window' ? 1 : 0,
      () => [
        s3Trouble(ms(6000, 6000), ms(4000, 4000), 0),
        { target: 'worker-0', fault: { kind: 'freeze', forMs: 2.2 * resendWindowMs }, ordersLater: 5 },
      ],
    ],
  ];
  return makers
    .flatMap(([count, make]) => Array.from({ length: Math.round(count) }, make))
    .flatMap((strikes) => {
      // What belongs together takes long, and is to strike while orders come in.
      const first = random.between(Math.ceil(generations * 0.03), Math.floor(generations * (Array.isArray(strikes) ? 0.3 : 0.95)));
      return [strikes]
        .flat()
        .map(({ target, fault, ordersLater = 0 }) => ({ afterOrders: Math.min(first + ordersLater, generations), target, fault }));
    })
    .toSorted((one, other) => one.afterOrders - other.afterOrders);
}

/** Faults that belong together come as a list. */
interface Strike extends Omit<ScheduledFault, 'afterOrders'> {
  ordersLater?: number;
}

const s3Trouble = (forMs: number, maxDelayMs: number, refusedShare: number): Strike => ({
  target: 's3',
  fault: { kind: 's3-trouble', forMs, maxDelayMs, refusedShare },
});

function weighted<T>(random: SeededRandom, ...choices: [weight: number, make: () => T][]): T {
  let left = random.fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, make] of choices) {
    left -= weight;
    if (left < 0) return make();
  }
  throw new RangeError('there is nothing to choose from');
}

/** One line for each, for people. */
export const describeSchedule = (schedule: readonly ScheduledFault[]): string =>
  schedule
    .map(
      ({ afterOrders, target, fault: { kind, ...rest } }) =>
        `${String(afterOrders).padStart(6)}  ${target.padEnd(11)} ${kind.padEnd(15)} ${JSON.stringify(rest)}`,
    )
    .join('\n');
