import { dateOf } from '../listings.ts';
import { nameForeign } from './name-corrupt.ts';
import type { Pass } from './pass.ts';

const DAY_MS = 86_400_000;
const AT_ONCE = 100;

/**
 * Looks at the tombstones of the last days: where Redis knows nothing of the erasure, because it lost that write or came back as it was before, the
 * eraser sweeps once more what lies beside the tombstone, in S3 and in Redis. Of an erasure that Redis knows, the scripts tell the eraser.
 */
export async function lookAtTombstones(pass: Pass): Promise<void> {
  const { archive, store, settings } = pass.reconciler;
  let some: { generationId: string; erasedAt: number }[] = [];
  const note = async (): Promise<void> => {
    for (const generationId of some.length === 0 ? [] : await store.noteTombstones(some))
      pass.found('erasure-forgotten', { generationId }, 'repaired');
    some = [];
    await pass.checkpoint();
  };
  for (let back = 0; back < settings.days; back += 1) {
    const date = dateOf(pass.startedAt - back * DAY_MS);
    for await (const { generationId, standing, writtenAt } of archive.listRequestsOfDate(date, {
      onForeign: (key) => nameForeign(pass, key),
    })) {
      if (standing === 'kept') continue;
      some.push({ generationId, erasedAt: writtenAt });
      if (some.length >= AT_ONCE) await note();
    }
    await note();
  }
}
