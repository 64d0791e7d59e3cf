import type { Clock } from '../clock.ts';
import type { Dice } from '../dice.ts';
import type { Faults } from '../faults/schema.ts';
import { isOver } from '../state/task.ts';
import type { TaskStore } from '../state/task-store.ts';

export interface TakenDependencies {
  store: TaskStore;
  dice: Dice;
  clock: Clock;
}

/**
 * Returns true if a taskUUID is refused as `conflictTaskUUID`. Runware's own clients show that it refuses; how long is not documented,
 * so a switch decides.
 */
export function isTaken(
  taskUUID: string,
  faults: Pick<Faults, 'replay' | 'replayForgetAfterMs'>,
  { store, dice, clock }: TakenDependencies,
): boolean {
  if (store.isBurnt(taskUUID)) return true;
  const task = store.find(taskUUID);
  if (task === undefined) return false;
  const now = clock.now();
  switch (faults.replay) {
    case 'conflict-for-good':
      return true;
    case 'conflict-while-running':
      return !isOver(dice, task, now);
    case 'conflict-for-a-while':
      return !isOver(dice, task, now) || now < task.acceptedAt + faults.replayForgetAfterMs;
  }
}
