import { CorruptRecordError } from '@darkroom/contracts';
import type { GenerationStore, NewGeneration } from '../src/index.ts';
import { IMAGE_NANO_USD, type World } from './world.ts';

/** Enqueues generations in one turn. @returns the kind of each receipt, or the key that a corrupt one names, or the error. */
export async function answersOf(store: Pick<GenerationStore, 'enqueue'>, generations: readonly NewGeneration[]): Promise<unknown[]> {
  const answers = await Promise.allSettled(generations.map((generation) => store.enqueue(generation)));
  return answers.map((answer) => {
    if (answer.status === 'fulfilled') return answer.value.kind;
    return answer.reason instanceof CorruptRecordError ? answer.reason.details['key'] : (answer.reason as unknown);
  });
}

/** Images that are held, and those that are counted as open. */
export const imagesOf = async ({ store, spent }: World): Promise<{ held: number; open: number }> => ({
  held: (await spent()).reserved / IMAGE_NANO_USD,
  open: (await store.readOpenImages()).count,
});
