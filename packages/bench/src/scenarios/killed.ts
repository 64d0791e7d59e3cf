import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant, Figures } from '../contestants/contestant.ts';
import { startStandIns, type StandIns } from '../stand-ins/start-stand-ins.ts';
import { darkroom, hold, park, type Start } from './starts.ts';
import { absentRow, rowOf, sizeOf, type Row, type Scenario, type ScenarioContext } from './scenario.ts';
import { takeTurns, untilReached, withOne } from './take-turns.ts';

const IMAGES = 600;
const QUICK_IMAGES = 60;
/** The worker is killed after one result in so many. */
const KILLED_AFTER_PART = 3;
/** Time that an image takes: most of what was submitted is in flight when the worker dies. */
const IMAGE_MS = 1000;
/** A naive job comes back after a minute: BullMQ looks for dead workers every 30 seconds, and a lock lasts as long. */
const LIMIT_MS = 150_000;
const ON_ITS_WAY_MS = 100;

/** The only worker dies with all its work, and starts again at once. */
export const killed: Scenario = {
  isQuick: true,
  name: 'killed',
  title: 'Killed in a burst',
  does: `kills the worker in a burst of ${IMAGES}, and starts it again: images bought twice, and the time until the first and the last result`,
  async run(context) {
    const { standIns, isQuick, usualDelayMs } = context;
    const images = sizeOf(context, IMAGES, QUICK_IMAGES);
    standIns.setDelay(IMAGE_MS);
    try {
      // Each run begins with an empty Redis.
      const rows = await takeTurns(context, [darkroom], (start) =>
        withOne(context, start, (contestant) => measureKilled(contestant, images, standIns)),
      );
      const naive = isQuick
        ? [absentRow(context, 'hold, park', 'wait for BullMQ for a minute, so --quick leaves them out')]
        : await measureNaive(context, images);
      return {
        rows: [...rows, ...naive],
        notes: [
          `${images} images, of which each takes ${IMAGE_MS} ms; SIGKILL after ${Math.ceil(images / KILLED_AFTER_PART)} results, and a new process at once. Times count from the kill, so they hold the start of the process. "Missing" had no result after ${LIMIT_MS / 1000} seconds. The naive workers run side by side, because they spend a minute waiting for BullMQ to find their jobs.`,
        ],
      };
    } finally {
      standIns.setDelay(usualDelayMs);
    }
  },
};

/** All runs of the naive workers at the same time, each with a provider of its own. */
async function measureNaive({ ground, runs, onProgress }: ScenarioContext, images: number): Promise<Row[]> {
  const measure = async ({ name, start }: Start, run: number): Promise<Figures> => {
    const standIns = await startStandIns(ground.environment);
    try {
      standIns.setDelay(IMAGE_MS);
      const { providerUrl, s3Endpoint } = standIns;
      const own = { ...ground, providerUrl, s3Endpoint, directory: `${ground.directory}/${name}-${run}` };
      return await withOne({ ground: own }, { name, start }, (contestant) => measureKilled(contestant, images, standIns));
    } finally {
      await standIns.stop();
    }
  };
  onProgress(`  hold and park: ${runs} runs each, side by side`);
  return Promise.all(
    [hold, park].map(async (start) => rowOf(start.name, await Promise.all(Array.from({ length: runs }, (_, run) => measure(start, run))))),
  );
}

async function measureKilled(contestant: Contestant, images: number, standIns: StandIns): Promise<Figures> {
  /** Time of the first result of each image. */
  const recorded = new Map<string, number>();
  const unhear = await contestant.hearRecorded((taskUUID) => void (recorded.has(taskUUID) || recorded.set(taskUUID, performance.now())));
  const until = (count: number): Promise<void> =>
    untilReached(() => recorded.size >= count, LIMIT_MS, `${contestant.name} has recorded ${count} images`);
  try {
    const before = (await standIns.readCounts()).provider;
    await contestant.queueImages(images);
    await until(Math.ceil(images / KILLED_AFTER_PART));
    const killedAt = performance.now();
    await contestant.killWorkers();
    // What the dead worker has recorded is still on its way.
    await delay(ON_ITS_WAY_MS);
    const known = recorded.size;
    await contestant.startWorkers();
    await until(images).catch(() => undefined); // "missing" counts those without a result
    const times = [...recorded.values()].slice(known);
    const after = (await standIns.readCounts()).provider;
    return {
      'bought twice': after.boughtTwice - before.boughtTwice,
      missing: images - recorded.size,
      'first result s': ((times[0] ?? Number.NaN) - killedAt) / 1000,
      'last result s': ((times.at(-1) ?? Number.NaN) - killedAt) / 1000,
    };
  } finally {
    await unhear();
  }
}
