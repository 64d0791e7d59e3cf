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
 * Brings back into an open store what a rebuild had to leave out and was repaired since. @param giveUp Gives up what is damaged still.
 * @returns what is left out still, or is from now on.
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

/** Names what is left out of an open store, in the words of this run or by what an earlier one has noted. */
export async function nameLeftOut(store: Pick<Recovery['store'], 'listDamaged'>, known: readonly LeftOut[]): Promise<LeftOut[]> {
  const words = new Map(known.map((each) => [each.generationId, each]));
  return (await store.listDamaged()).map(
    ({ generationId, key }) => words.get(generationId) ?? { generationId, why: `'${key}' cannot be read` },
  );
}
