import type { Contestant, Figures } from '../contestants/contestant.ts';
import { measureRun } from '../measure/measure-run.ts';
import { calls, darkroom, darkroomAlways, hold, noops, park, parkAlways, tunedCalls, tunedPark, type Start } from './starts.ts';
import { rowOf, type Scenario, type ScenarioContext, type ScenarioResult } from './scenario.ts';

/** Images of one run: a process settles into its speed after some hundred. */
const IMAGES = 1000;
const QUICK_IMAGES = 200;
/** Images of each contestant before the first run, which compile its code and open its connections. */
const WARM_UP = 100;

/** A backlog of images through one worker, with its comparisons in the same run. */
export const pipeline: Scenario = {
  name: 'pipeline',
  does: 'makes a backlog of images with one worker; loads of every process, S3 requests and questions an image',
  isQuick: true,
  run: (context) =>
    comparePipelines(
      context,
      context.isQuick ? [darkroom, park, tunedPark] : [darkroom, hold, park, tunedPark, noops, calls, tunedCalls],
      'A backlog through one worker',
    ),
};

/** The same with a Redis that writes every change to the disk before it answers. */
export const pipelineAlways: Scenario = {
  name: 'pipeline-always',
  does: 'the same with a Redis that syncs its log with each change (`appendfsync always`)',
  isQuick: false,
  run: (context) =>
    comparePipelines(
      context,
      [darkroomAlways, parkAlways],
      'A backlog through one worker, Redis with `appendfsync always`',
      'pipeline-always',
    ),
};

/** Runs contestants in turns, so that what else the machine does strikes them alike. */
export async function comparePipelines(
  { ground, standIns, runs, isQuick, onProgress }: ScenarioContext,
  starts: readonly Start[],
  title: string,
  name = 'pipeline',
): Promise<ScenarioResult> {
  const images = isQuick ? QUICK_IMAGES : IMAGES;
  const contestants: Contestant[] = [];
  try {
    for (const start of starts) contestants.push(await start(ground));
    for (const contestant of contestants) await contestant.makeImages(isQuick ? WARM_UP / 2 : WARM_UP);
    const figures = new Map<Contestant, Figures[]>(contestants.map((contestant) => [contestant, []]));
    for (let run = 1; run <= runs; run += 1) {
      for (const [contestant, measured] of figures) {
        const found = await measureRun(contestant, images, standIns);
        measured.push(found);
        onProgress(`${name}, run ${run}: ${contestant.name}: ${describe(found)}`);
      }
    }
    return {
      name,
      title,
      rows: [...figures].map(([contestant, measured]) => rowOf(contestant.name, measured)),
      notes: [`${images} images a run; times of a process are CPU milliseconds an image, user and system, all threads.`],
    };
  } finally {
    for (const contestant of contestants.toReversed()) await contestant.stop();
  }
}

const describe = (figures: Figures): string =>
  Object.entries(figures)
    .map(([figure, value]) => `${figure} ${value.toFixed(2)}`)
    .join(', ');
