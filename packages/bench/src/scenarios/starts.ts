import type { AppendFsync } from '@darkroom/local-stack';
import type { Contestant, Ground } from '../contestants/contestant.ts';
import { startDarkroomContestant } from '../contestants/start-darkroom.ts';
import { startNaive, type NaiveOptions } from '../contestants/start-naive.ts';
import { repositoryRoot } from '../repository-root.ts';

export type Start = (ground: Ground) => Promise<Contestant>;

/** How Redis writes its log in most scenarios; `always` is what the production guide asks for. */
export const usualFsync = 'everysec' satisfies AppendFsync;

const naive =
  (name: string, options: Pick<NaiveOptions, 'mode' | 'transport'>, appendfsync: AppendFsync = usualFsync): Start =>
  (ground) =>
    startNaive(ground, { name, ...options, appendfsync });

const darkroomWith =
  (appendfsync: AppendFsync): Start =>
  (ground) =>
    startDarkroomContestant(ground, { name: 'Darkroom', appendfsync, root: repositoryRoot });

export const darkroom = darkroomWith(usualFsync);
export const darkroomAlways = darkroomWith('always');
export const hold = naive('hold', { mode: 'hold', transport: 'usual' });
export const park = naive('park', { mode: 'park', transport: 'usual' });
export const parkAlways = naive('park', { mode: 'park', transport: 'usual' }, 'always');
export const tunedPark = naive('park, tuned transport', { mode: 'park', transport: 'tuned' });
export const noops = naive('BullMQ no-ops', { mode: 'noop', transport: 'usual' });
export const calls = naive('calls alone', { mode: 'calls', transport: 'usual' });
export const tunedCalls = naive('calls alone, tuned transport', { mode: 'calls', transport: 'tuned' });
