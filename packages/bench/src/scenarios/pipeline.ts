import type { ImageMaker } from '../contestants/contestant.ts';
import { measureRun } from '../measure/measure-run.ts';
import { calls, darkroom, darkroomAlways, hold, noops, park, parkAlways, tunedCalls, tunedPark, type Start } from './starts.ts';
import { sizeOf, type Scenario, type ScenarioContext, type ScenarioResult } from './scenario.ts';
import { takeTurns, withStarted } from './take-turns.ts';

/** Images of one run: a process settles into its speed after some hundred. */
const IMAGES = 1000;
const QUICK_IMAGES = 100;
/** Images of each contestant before the first run, which compile its code and open its connections. */
const WARM_UP = 100;

/** A backlog of images through one worker, with its comparisons in the same run. */
export const pipeline: Scenario = {
  isQuick: true,
  name: 'pipeline',
  title: 'A backlog through one worker',
  does: `makes a backlog of ${IMAGES} images with one worker; loads of every process, S3 requests and questions an image`,
  run: (context) =>
    comparePipelines(context, context.isQuick ? [darkroom, park, tunedPark] : [darkroom, hold, park, tunedPark, noops, calls, tunedCalls]),
};

/** The same with a Redis that writes every change to the disk before it answers. */
export const pipelineAlways: Scenario = {
  name: 'always',
  title: 'A backlog through one worker, Redis with `appendfsync always`',
  does: 'the same with a Redis that syncs its log with each change (`appendfsync always`)',
  run: (context) => comparePipelines(context, [darkroomAlways, parkAlways]),
};

/** Lets contestants make images in turns. */
export const comparePipelines = (
  context: ScenarioContext,
  starts: readonly Start<ImageMaker>[],
): Promise<Pick<ScenarioResult, 'rows' | 'notes'>> =>
  withStarted(context, starts, async (contestants) => {
    const images = sizeOf(context, IMAGES, QUICK_IMAGES);
    for (const contestant of contestants) await contestant.makeImages(Math.min(WARM_UP, images / 2));
    return {
      rows: await takeTurns(context, contestants, (contestant) => measureRun(contestant, images, context.standIns)),
      notes: [`${images} images a run; times of a process are CPU milliseconds an image, user and system, all threads.`],
    };
  });
