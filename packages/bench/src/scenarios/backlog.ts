import type { Contestant, Figures } from '../contestants/contestant.ts';
import { readPeakMiB, readProcessorMs, readResidentMiB } from '../measure/processor-time.ts';
import { readUsedBytes } from '../measure/redis-load.ts';
import { sizeOf, spell, submitLimitMs, type Scenario, type ScenarioContext } from './scenario.ts';
import { darkroom, park } from './starts.ts';
import { takeTurns, untilReached, withOne, withRedis } from './take-turns.ts';

const IMAGES = 5000;
const QUICK_IMAGES = 200;
const LOOK_EVERY_MS = 50;
/** Longer than a run: all images stay in flight. */
const IN_FLIGHT_MS = 3_600_000;

/** Submits a backlog whose images stay in flight: the rate of purchases, and what an image in flight takes. */
export const backlog: Scenario = {
  isQuick: true,
  name: 'backlog',
  title: 'A backlog, all of it in flight',
  does: `submits a backlog of ${spell(IMAGES)} whose images stay in flight; memory of each`,
  async run(context) {
    const { standIns, usualDelayMs } = context;
    const images = sizeOf(context, IMAGES, QUICK_IMAGES);
    standIns.setDelay(IN_FLIGHT_MS);
    try {
      // Each run has a new Redis: images of an earlier one would stay in flight.
      const rows = await takeTurns(context, [darkroom, park], (start) =>
        withOne(context, start, (contestant) => measureBacklog(contestant, images, context)),
      );
      return {
        rows,
        notes: [
          `${spell(images)} images. Memory of Redis is what it uses more than before, for each image. Memory of the worker is its peak, and the peak less what it had before the first image.`,
        ],
      };
    } finally {
      standIns.setDelay(usualDelayMs);
    }
  },
};

const measureBacklog = (contestant: Contestant, images: number, { standIns }: ScenarioContext): Promise<Figures> =>
  withRedis(contestant, async (client) => {
    const { worker = 0, redis = 0 } = contestant.parts;
    const readSubmissions = async (): Promise<number> => (await standIns.readCounts()).provider.submissions;
    const [bytesBefore, idleMiB, submissions] = [await readUsedBytes(client), readResidentMiB(worker), await readSubmissions()];
    const [workerBefore, redisBefore] = [readProcessorMs(worker), readProcessorMs(redis)];
    const startedAt = performance.now();
    await contestant.queueImages(images);
    const areSubmitted = async (): Promise<boolean> => (await readSubmissions()) >= submissions + images;
    await untilReached(areSubmitted, submitLimitMs(images), `${contestant.name} has submitted ${images} images`, LOOK_EVERY_MS);
    const seconds = (performance.now() - startedAt) / 1000;
    return {
      'submits/s': images / seconds,
      'worker ms': (readProcessorMs(worker) - workerBefore) / images,
      'redis ms': (readProcessorMs(redis) - redisBefore) / images,
      'redis bytes': ((await readUsedBytes(client)) - bytesBefore) / images,
      'worker peak MiB': readPeakMiB(worker),
      'above idle MiB': readPeakMiB(worker) - idleMiB,
    };
  });
