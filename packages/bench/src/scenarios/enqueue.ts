import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Queue } from 'bullmq';
import type { Figures } from '../contestants/contestant.ts';
import { startOwnRedis } from '../contestants/own-redis.ts';
import { requestOf } from '../contestants/start-darkroom.ts';
import { readProcessorMs } from '../measure/processor-time.ts';
import { quantileOf } from '../measure/spread.ts';
import type { Scenario } from './scenario.ts';
import { darkroom } from './starts.ts';
import { takeTurns, withOne } from './take-turns.ts';

/** A way to queue images. */
interface Enqueuer {
  name: string;
  redisPid: number;
  one(at: number): Promise<unknown>;
  many(count: number): Promise<unknown>;
}

/** What a caller of plain BullMQ puts into a job. */
const plainJob = (at: number) => {
  const taskUUID = randomUUID();
  return { name: 'image', data: { taskUUID, ...requestOf(at) }, opts: { jobId: taskUUID } };
};

const AT_ONCE = 100;
const SIZES = { oneByOne: 1000, rounds: 20, many: 5000 };
const QUICK_SIZES: typeof SIZES = { oneByOne: 50, rounds: 1, many: 500 };

/** Calls of a backend: one after the other, a hundred at the same time, and thousands in one call. */
export const enqueue: Scenario = {
  isQuick: true,
  name: 'enqueue',
  title: 'Enqueue',
  does: 'queues images: one by one, 100 at once, 5,000 in one call, beside `add` and `addBulk` of BullMQ',
  async run(context) {
    const sizes = context.isQuick ? QUICK_SIZES : SIZES;
    const redis = await startOwnRedis(context.ground, 'bullmq');
    const queue = new Queue('images', { connection: { url: redis.url } });
    try {
      // A whole Darkroom, because its worker opens the store; buying is paused, so that nothing of the load is the worker's.
      const rows = await withOne(context, darkroom, async ({ command, producer, parts }) => {
        await command('pause', '--reason', 'bench');
        const ways: Enqueuer[] = [
          {
            name: 'Darkroom',
            redisPid: parts['redis'] ?? 0,
            one: (at) => producer.enqueue(requestOf(at)),
            many: (count) => producer.enqueueMany(Array.from({ length: count }, (_, at) => requestOf(at))),
          },
          {
            name: 'BullMQ',
            redisPid: redis.pid,
            one: (at) => {
              const { name, data, opts } = plainJob(at);
              return queue.add(name, data, opts);
            },
            many: (count) => queue.addBulk(Array.from({ length: count }, (_, at) => plainJob(at))),
          },
        ];
        for (const way of ways) for (let at = 0; at < AT_ONCE; at += 1) await way.one(at);
        return takeTurns(context, ways, (way) => measureEnqueue(way, sizes));
      });
      return {
        rows,
        notes: [
          `Rates are images a second of one process: ${sizes.oneByOne} calls one by one, ${sizes.rounds} times ${AT_ONCE} calls at once, and ${sizes.many} in one call. Redis: CPU milliseconds an image. "Blocked" is the longest time that the event loop of the caller stood still.`,
        ],
      };
    } finally {
      await queue.close();
      await redis.stop();
    }
  },
};

async function measureEnqueue({ one, many, redisPid }: Enqueuer, sizes: typeof SIZES): Promise<Figures> {
  const waits: number[] = [];
  const before = readProcessorMs(redisPid);
  const oneByOne = await secondsOf(async () => {
    for (let at = 0; at < sizes.oneByOne; at += 1) waits.push((await secondsOf(() => one(at))) * 1000);
  });
  const atOnce = await secondsOf(async () => {
    for (let round = 0; round < sizes.rounds; round += 1) await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => one(at)));
  });
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const inOneCall = await secondsOf(() => many(sizes.many));
  loop.disable();
  const images = sizes.oneByOne + sizes.rounds * AT_ONCE + sizes.many;
  return {
    'one by one/s': sizes.oneByOne / oneByOne,
    'one p99 ms': quantileOf(waits, 0.99),
    [`${AT_ONCE} at once/s`]: (sizes.rounds * AT_ONCE) / atOnce,
    'in one call/s': sizes.many / inOneCall,
    'blocked ms': loop.max / 1e6,
    'redis ms': (readProcessorMs(redisPid) - before) / images,
  };
}

async function secondsOf(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return (performance.now() - startedAt) / 1000;
}
