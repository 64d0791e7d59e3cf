import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharesOf } from '../measure/read-profile.ts';
import { rowOf, sizeOf, type Scenario } from './scenario.ts';
import { darkroomWith } from './starts.ts';
import { withOne } from './take-turns.ts';

const IMAGES = 1000;
const QUICK_IMAGES = 100;
const SHOWN = 10;

/** Where the time of a worker goes. */
export const profile: Scenario = {
  name: 'profile',
  title: 'Where the time of a worker goes',
  does: 'profiles the worker in the pipeline: the ten largest shares by library and package',
  async run(context) {
    const images = sizeOf(context, IMAGES, QUICK_IMAGES);
    const file = join(context.ground.directory, 'worker.cpuprofile');
    const preload = new URL(`../measure/preload.js?to=${file}`, import.meta.url);
    const profiled = darkroomWith({ workerEnv: { NODE_OPTIONS: `--import=${preload.href}` } });
    await withOne(context, profiled, (darkroom) => darkroom.makeImages(images));
    const shares = sharesOf(JSON.parse(await readFile(file, 'utf8')));
    return {
      rows: shares.slice(0, SHOWN).map(({ part, percent, ms }) => rowOf(part, [{ percent, 'ms an image': ms / images }])),
      notes: ['Self time of the main thread by the file that the running function belongs to, without idle time, start included.'],
    };
  },
};
