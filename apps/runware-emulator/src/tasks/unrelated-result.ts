import type { TaskStore } from '../state/task-store.ts';
import { buildResultItem, type ItemDependencies, type ResultItem } from './result-item.ts';

export interface UnrelatedDependencies extends ItemDependencies {
  store: Pick<TaskStore, 'succeeded'>;
}

/** Draws the result of another task that has succeeded; undefined if there is none. */
export async function findUnrelatedResult(
  taskUUID: string,
  purpose: string,
  dependencies: UnrelatedDependencies,
): Promise<ResultItem | undefined> {
  const succeeded = dependencies.store.succeeded();
  const chosen = dependencies.dice.between([0, succeeded.length - 1], purpose, taskUUID);
  const unrelated = [chosen, chosen + 1]
    .map((at) => succeeded[at % succeeded.length])
    .find((task) => task !== undefined && task.taskUUID !== taskUUID);
  return unrelated === undefined ? undefined : buildResultItem(unrelated, 0, dependencies);
}
