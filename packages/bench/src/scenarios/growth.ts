import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { DarkroomContestant, Figures } from '../contestants/contestant.ts';
import { startDarkroomContestant } from '../contestants/start-darkroom.ts';
import { readProcessorMs } from '../measure/processor-time.ts';
import { repositoryRoot } from '../repository-root.ts';
import { rowOf, type Scenario } from './scenario.ts';
import { usualFsync } from './starts.ts';

/** Images that wait behind those that are measured. */
const WAITING = [1000, 10_000];
const MEASURED = 500;
const QUICK = { waiting: [200, 2000], measured: 200 };
const LOOK_EVERY_MS = 20;
const LIMIT_MS = 300_000;

/** Measures the cost of an image while others wait, and the cost of a reconcile for each that waits. */
export const growth: Scenario = {
  name: 'growth',
  does: `an image with ${WAITING.map((count) => count.toLocaleString('en-US')).join(' and ')} waiting behind it, and a reconcile of them`,
  isQuick: false,
  async run({ ground, standIns, runs, isQuick, usualDelayMs, onProgress }) {
    const sizes = isQuick ? QUICK : { waiting: WAITING, measured: MEASURED };
    const rows = [];
    for (const waiting of sizes.waiting) {
      const measured: Figures[] = [];
      for (let run = 1; run <= runs; run += 1) {
        const darkroom = await startDarkroomContestant(ground, { name: 'Darkroom', appendfsync: usualFsync, root: repositoryRoot });
        try {
          measured.push(await measureGrowth(darkroom, waiting, sizes.measured));
          onProgress(`growth, run ${run}, ${waiting} waiting: ${JSON.stringify(measured.at(-1))}`);
        } finally {
          await darkroom.stop();
        }
      }
      rows.push(rowOf(`${waiting.toLocaleString('en-US')} waiting`, measured));
    }
    standIns.setDelay(usualDelayMs);
    return {
      name: 'growth',
      title: 'While others wait',
      rows,
      notes: [
        `Loads are CPU milliseconds for each of ${sizes.measured} images, whose enqueue is not counted. "Reconcile" is the CPU time of Redis for each 10,000 open generations that one \`darkroom reconcile\` looks at, and the time of the whole command.`,
      ],
    };
  },
};

async function measureGrowth(darkroom: DarkroomContestant, waiting: number, measured: number): Promise<Figures> {
  const client = new Redis(darkroom.redisUrl ?? '');
  const { worker = 0, receiver = 0, redis = 0 } = darkroom.parts;
  const open = (): Promise<number> => client.zcard('{darkroom}:open');
  try {
    await darkroom.command('pause', '--reason', 'bench');
    await darkroom.queueImages(waiting + measured);
    const [redisBefore, startedAt] = [readProcessorMs(redis), performance.now()];
    await darkroom.command('reconcile');
    const perOpen = 10_000 / (waiting + measured);
    const reconcile = {
      'reconcile redis ms': (readProcessorMs(redis) - redisBefore) * perOpen,
      'reconcile s': (performance.now() - startedAt) / 1000,
    };
    await darkroom.command('resume', '--reason', 'bench');
    const before = [worker, receiver, redis].map(readProcessorMs);
    const resumedAt = performance.now();
    while ((await open()) > waiting) {
      if (performance.now() - resumedAt > LIMIT_MS) throw new Error(`${await open()} generations are open, ${waiting} should wait`);
      await delay(LOOK_EVERY_MS);
    }
    const done = waiting + measured - (await open());
    const [workerMs = 0, receiverMs = 0, redisMs = 0] = [worker, receiver, redis].map(
      (pid, at) => (readProcessorMs(pid) - (before[at] ?? 0)) / done,
    );
    return { 'worker ms': workerMs, 'receiver ms': receiverMs, 'redis ms': redisMs, ...reconcile };
  } finally {
    client.disconnect();
  }
}
