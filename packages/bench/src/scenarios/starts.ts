import type { Contestant, DarkroomContestant, Ground, ImageMaker } from '../contestants/contestant.ts';
import { startDarkroomContestant, type DarkroomOptions } from '../contestants/start-darkroom.ts';
import { startNaive, type NaiveOptions } from '../contestants/start-naive.ts';

/** A contestant that is not started yet. */
export interface Start<Made extends ImageMaker = Contestant> {
  readonly name: string;
  readonly start: (ground: Ground) => Promise<Made>;
}

export const darkroomWith = (options: DarkroomOptions): Start<DarkroomContestant> => ({
  name: options.name ?? 'Darkroom',
  start: (ground) => startDarkroomContestant(ground, options),
});

const naive = (name: string, options: Omit<NaiveOptions, 'name'>): Start => ({
  name,
  start: (ground) => startNaive(ground, { name, ...options }),
});

export const darkroom = darkroomWith({});
export const darkroomAlways = darkroomWith({ appendfsync: 'always' });
export const hold = naive('hold', { mode: 'hold' });
export const park = naive('park', { mode: 'park' });
export const parkAlways = naive('park', { mode: 'park', appendfsync: 'always' });
export const tunedPark = naive('park, tuned transport', { mode: 'park', transport: 'tuned' });
export const noops = naive('BullMQ no-ops', { mode: 'noop' });
export const calls = naive('calls alone', { mode: 'calls' });
export const tunedCalls = naive('calls alone, tuned transport', { mode: 'calls', transport: 'tuned' });
