import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant, Figures } from '../contestants/contestant.ts';
import type { StandIns } from '../stand-ins/start-stand-ins.ts';
import { darkroom, hold, park, type Start } from './starts.ts';
import { rowOf, type Scenario } from './scenario.ts';

const IMAGES = 600;
const QUICK_IMAGES = 150;
/** The worker is killed after one result in so many. */
const KILLED_AFTER_PART = 3;
/** Time that an image takes: most of what was submitted is in flight when the worker dies. */
const IMAGE_MS = 1000;
const LOOK_EVERY_MS = 20;
const LIMIT_MS = 240_000;

/** The only worker dies with all its work, and starts again at once. */
export const killed: Scenario = {
  name: 'killed',
  does: `kills the worker in a burst of ${IMAGES}, and starts it again: images bought twice, and the time until the first and the last result`,
  isQuick: false,
  async run({ ground, standIns, runs, isQuick, usualDelayMs, onProgress }) {
    const images = isQuick ? QUICK_IMAGES : IMAGES;
    const figures = new Map<string, Figures[]>();
    try {
      standIns.setDelay(IMAGE_MS);
      for (let run = 1; run <= runs; run += 1) {
        for (const start of [darkroom, hold, park] satisfies Start[]) {
          // Each run begins with an empty Redis.
          const contestant = await start(ground);
          const { name } = contestant;
          try {
            const measured = await measureKilled(contestant, images, standIns);
            figures.set(name, [...(figures.get(name) ?? []), measured]);
            onProgress(`killed, run ${run}: ${name}: ${JSON.stringify(measured)}`);
          } finally {
            await contestant.stop();
          }
        }
      }
    } finally {
      standIns.setDelay(usualDelayMs);
    }
    return {
      name: 'killed',
      title: 'Killed in a burst',
      rows: [...figures].map(([name, measured]) => rowOf(name, measured)),
      notes: [
        `${images} images, of which each takes ${IMAGE_MS} ms; SIGKILL after ${images / KILLED_AFTER_PART} results, and a new process at once. Times count from the kill, so they hold the start of the process. "Missing" had no result after ${LIMIT_MS / 60_000} minutes.`,
      ],
    };
  },
};

async function measureKilled(contestant: Contestant, images: number, standIns: StandIns): Promise<Figures> {
  const recorded = new Set<string>();
  let lastAt = performance.now();
  const unhear = await contestant.hearRecorded((taskUUID) => {
    recorded.add(taskUUID);
    lastAt = performance.now();
  });
  const until = async (count: number): Promise<boolean> => {
    const startedAt = performance.now();
    while (recorded.size < count) {
      if (performance.now() - startedAt > LIMIT_MS) return false;
      await delay(LOOK_EVERY_MS);
    }
    return true;
  };
  try {
    const before = (await standIns.readCounts()).provider;
    await contestant.queueImages(images);
    const enough = images / KILLED_AFTER_PART;
    if (!(await until(enough))) throw new Error(`${contestant.name} recorded ${recorded.size} of ${enough} images`);
    const killedAt = performance.now();
    const known = recorded.size;
    await contestant.crashWorker();
    await until(known + 1);
    const firstAt = performance.now();
    await until(images);
    const after = (await standIns.readCounts()).provider;
    return {
      'bought twice': after.boughtTwice - before.boughtTwice,
      missing: images - recorded.size,
      'first result s': (firstAt - killedAt) / 1000,
      'last result s': (lastAt - killedAt) / 1000,
    };
  } finally {
    await unhear();
  }
}
