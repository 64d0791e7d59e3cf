import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDarkroomContestant } from '../contestants/start-darkroom.ts';
import { sharesOf } from '../measure/read-profile.ts';
import { repositoryRoot } from '../repository-root.ts';
import { rowOf, type Scenario } from './scenario.ts';
import { usualFsync } from './starts.ts';

const IMAGES = 1000;
const SHOWN = 10;

/** Where the time of a worker goes. */
export const profile: Scenario = {
  name: 'profile',
  does: 'profiles the worker in the pipeline: the ten largest shares by library and package',
  isQuick: false,
  async run({ ground, onProgress }) {
    const file = join(ground.directory, 'worker.cpuprofile');
    const preload = new URL(`../measure/preload.js?to=${file}`, import.meta.url);
    const contestant = await startDarkroomContestant(ground, {
      name: 'Darkroom profiled',
      appendfsync: usualFsync,
      root: repositoryRoot,
      workerEnv: { NODE_OPTIONS: `--import=${preload.href}` },
    });
    try {
      await contestant.makeImages(IMAGES);
    } finally {
      await contestant.stop();
    }
    const shares = sharesOf(JSON.parse(await readFile(file, 'utf8')));
    onProgress(`profile: ${shares.length} parts`);
    return {
      name: 'profile',
      title: 'Where the time of a worker goes',
      rows: shares.slice(0, SHOWN).map(({ part, percent, ms }) => rowOf(part, [{ percent, 'ms an image': ms / IMAGES }])),
      notes: ['Self time of the main thread by the file that the running function belongs to, without idle time, start included.'],
    };
  },
};
