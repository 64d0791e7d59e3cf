import { extensionOf } from '@darkroom/contracts';
import type { Clock } from '../clock.ts';
import type { Dice } from '../dice.ts';
import type { ImageAnswer } from '../faults/schema.ts';
import { purposeOf, type Task } from '../state/task.ts';

export interface AddressDependencies {
  dice: Dice;
  clock: Clock;
}

const MOVED = '-moved';

/** Returns the path of an image's address, as answers name it now. */
export function imagePathOf(task: Task, index: number, imageUUID: string, { dice, clock }: AddressDependencies): string {
  const hasMoved = moves(dice, task, index) && hasPassed(task, task.faults.imageUrlMovesMs, clock);
  return `/image/${imageUUID}${hasMoved ? MOVED : ''}.${extensionOf(task.request.outputFormat)}`;
}

/** Parses the file name of such a path, whether the image exists or not. */
export function parseImageFile(file: string): { imageUUID: string; isMoved: boolean; extension: string | undefined } {
  const [name = '', extension] = file.split('.');
  const isMoved = name.endsWith(MOVED);
  return { imageUUID: isMoved ? name.slice(0, -MOVED.length) : name, isMoved, extension };
}

/** Draws the answer of the address of a finished image, at this moment. */
export function drawImageAnswer(task: Task, index: number, isMoved: boolean, { dice, clock }: AddressDependencies): 'image' | ImageAnswer {
  const { faults } = task;
  if (dice.chance(faults.imageUrlGoneRate, ...purposeOf('image-url-gone', task, index))) return '404';
  if (moves(dice, task, index) && !isMoved) return '410';
  if (isMoved && !(moves(dice, task, index) && hasPassed(task, faults.imageUrlMovesMs, clock))) return '404';
  const isLate = dice.chance(faults.imageUrlLateRate, ...purposeOf('image-url-late', task, index));
  return isLate && !hasPassed(task, faults.imageUrlLateMs, clock) ? faults.imageUrlLateAnswer : 'image';
}

const moves = (dice: Dice, task: Task, index: number): boolean =>
  dice.chance(task.faults.imageUrlMovesRate, ...purposeOf('image-url-moves', task, index));

const hasPassed = ({ ending }: Task, ms: number, clock: Clock): boolean => ending !== undefined && clock.now() >= ending.at + ms;
