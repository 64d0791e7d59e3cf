import type { TaskStore } from '../state/task-store.ts';
import { buildResultItem, type ItemParts, type ResultItem } from './result-item.ts';

export interface StrangerParts extends ItemParts {
  store: Pick<TaskStore, 'succeeded'>;
}

/** The result of a task other than this one, chosen among those that have succeeded by now; undefined if there is none. */
export async function findStranger(taskUUID: string, purpose: string, parts: StrangerParts): Promise<ResultItem | undefined> {
  const succeeded = parts.store.succeeded();
  const chosen = parts.dice.between([0, succeeded.length - 1], purpose, taskUUID);
  const stranger = [chosen, chosen + 1]
    .map((at) => succeeded[at % succeeded.length])
    .find((task) => task !== undefined && task.taskUUID !== taskUUID);
  return stranger === undefined ? undefined : buildResultItem(stranger, 0, parts);
}
