import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant, Figures } from '../contestants/contestant.ts';
import { Redis } from 'ioredis';
import { readPeakMiB, readProcessorMs } from '../measure/processor-time.ts';
import { rowOf, type Scenario, type ScenarioContext } from './scenario.ts';
import { darkroom, park, type Start } from './starts.ts';

const IMAGES = 10_000;
const QUICK_IMAGES = 1000;
const LOOK_EVERY_MS = 50;
/** Longer than a run: all images stay in flight. */
const IN_FLIGHT_MS = 3_600_000;
const LIMIT_MS = 300_000;

/** Submits a backlog whose images stay in flight: the rate of purchases, and what an image in flight takes. */
export const backlog: Scenario = {
  name: 'backlog',
  does: `submits a backlog of ${IMAGES.toLocaleString('en-US')} whose images stay in flight; memory of each`,
  isQuick: false,
  async run(context) {
    const { standIns, runs, isQuick, onProgress } = context;
    const images = isQuick ? QUICK_IMAGES : IMAGES;
    const rows = [];
    standIns.setDelay(IN_FLIGHT_MS);
    try {
      for (const start of [darkroom, park] satisfies Start[]) {
        const measured: Figures[] = [];
        let name = '';
        // Each run has a new Redis: images of an earlier one would stay in flight.
        for (let run = 1; run <= runs; run += 1) {
          const contestant = await start(context.ground);
          name = contestant.name;
          try {
            measured.push(await measureBacklog(contestant, images, context));
          } finally {
            await contestant.stop();
          }
          onProgress(`backlog, run ${run}: ${name}: ${JSON.stringify(measured.at(-1))}`);
        }
        rows.push(rowOf(name, measured));
      }
    } finally {
      standIns.setDelay(context.usualDelayMs);
    }
    return {
      name: 'backlog',
      title: 'A backlog, all of it in flight',
      rows,
      notes: [
        `${images.toLocaleString('en-US')} images. Memory of Redis is what it uses more than before, for each image; that of the worker is its peak.`,
      ],
    };
  },
};

async function measureBacklog(contestant: Contestant, images: number, { standIns }: ScenarioContext): Promise<Figures> {
  const client = new Redis(contestant.redisUrl ?? '');
  const usedBytes = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
  const { worker = 0, redis = 0 } = contestant.parts;
  try {
    const memoryBefore = await usedBytes();
    const { submissions } = (await standIns.readCounts()).provider;
    const [workerBefore, redisBefore] = [readProcessorMs(worker), readProcessorMs(redis)];
    const startedAt = performance.now();
    await contestant.queueImages(images);
    while ((await standIns.readCounts()).provider.submissions < submissions + images) {
      if (performance.now() - startedAt > LIMIT_MS) throw new Error(`${contestant.name} did not submit ${images} images`);
      await delay(LOOK_EVERY_MS);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    return {
      'submits/s': images / seconds,
      'worker ms': (readProcessorMs(worker) - workerBefore) / images,
      'redis ms': (readProcessorMs(redis) - redisBefore) / images,
      'redis bytes': ((await usedBytes()) - memoryBefore) / images,
      'worker peak MiB': readPeakMiB(worker),
    };
  } finally {
    client.disconnect();
  }
}
