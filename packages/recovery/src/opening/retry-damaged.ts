import type { ReadingStore } from '@darkroom/generation-store';
import type { Recovery } from '../ports.ts';
import { orDamage } from '../restore-forgotten.ts';
import { restoreGeneration } from '../restore-generation.ts';

/** A generation that is left out of a store, and the reason. */
export interface LeftOut {
  generationId: string;
  why: string;
}

/**
 * Restores into an open store the generations that a rebuild left out and that were repaired since.
 * @param giveUp Gives up the ones that are still damaged.
 * @returns the generations that are left out now.
 */
export async function retryDamaged(
  recovery: Recovery & { store: Pick<ReadingStore, 'forgetDamaged'> },
  giveUp: boolean,
): Promise<{ restored: number; damaged: LeftOut[] }> {
  const { store } = recovery;
  const damaged: LeftOut[] = [];
  let restored = 0;
  for (const { generationId } of await store.listDamaged()) {
    const outcome = await orDamage(generationId, () => restoreGeneration(recovery, generationId));
    const isBack = outcome === 'restored' || outcome === 'known';
    if (isBack) restored += 1;
    else if (outcome !== 'no-records') damaged.push({ generationId, why: outcome.error.message });
    if (outcome === 'no-records' || (giveUp && !isBack)) await store.forgetDamaged(generationId);
  }
  return { restored, damaged };
}

/** Names the generations that are left out of an open store, in the words of this run or of an earlier note. */
export async function nameLeftOut(store: Pick<Recovery['store'], 'listDamaged'>, known: readonly LeftOut[]): Promise<LeftOut[]> {
  const words = new Map(known.map((each) => [each.generationId, each]));
  return (await store.listDamaged()).map(
    ({ generationId, key }) => words.get(generationId) ?? { generationId, why: `'${key}' cannot be read` },
  );
}
