import { restoreGeneration } from '../restore-generation.ts';
import type { Pass } from './pass.ts';
import type { UnclaimedDelivery } from './ports.ts';
import { lookAtGenerations } from './look-at-open.ts';
import { orName } from './name-corrupt.ts';
import { findStoredGeneration } from './stored-generations.ts';
import type { Suspicions } from './suspicions.ts';

const PAGE = 50;

/** Hands over the deliveries that found no record when they came, and forgets those of which nothing can be learnt. */
export async function handOverDeliveries(pass: Pass): Promise<void> {
  const { store } = pass.reconciler;
  for (;;) {
    const page = await store.readUnclaimed(0, PAGE);
    if (page.length === 0) return;
    for (const delivery of page) {
      await orName(pass, delivery.ref, () => handOver(pass, delivery));
      await store.forgetUnclaimed(delivery);
    }
    await pass.checkpoint(page.length);
  }
}

async function handOver({ reconciler, found }: Pass, delivery: UnclaimedDelivery): Promise<void> {
  const { store, generations, archive, settlements, recovery } = reconciler;
  const { ref } = delivery;
  const isKnown = async (): Promise<boolean> => (await store.readKnown(ref.generationId, [ref])).submissions[0]?.status !== undefined;
  let isThere = await isKnown();
  if (!isThere) {
    const stored = await findStoredGeneration(archive, ref.generationId);
    const mine = stored.submissions.find((each) => each.ref.index === ref.index && each.ref.n === ref.n);
    // Its image is home, or nothing of ours was ever sent under this name.
    const isOver = mine?.round === undefined || (mine.hasResult && mine.imageWrittenAt !== undefined);
    if (!isOver) {
      await restoreGeneration(recovery, ref.generationId);
      isThere = await isKnown();
    }
    if (!isThere)
      found(
        'unclaimed-delivery',
        { ...ref, detail: isOver ? 'nothing is waited for under its name' : 'it could not be brought back' },
        'named',
      );
  }
  if (isThere) {
    await generations.recordDelivery(ref, delivery);
    await settlements.wake(ref);
    found('unclaimed-delivery', ref, 'repaired');
  }
}

/**
 * Looks through all keys of Redis for what no index leads to: generations that do not count as open, idempotency keys of
 * generations that there are not. @returns the periods of the ledger.
 */
export async function lookAtNames(pass: Pass, suspicions: Suspicions): Promise<Set<string>> {
  const { store, archive, recovery } = pass.reconciler;
  const periods = new Set<string>();
  for await (const names of store.scanNames()) {
    await pass.checkpoint();
    await lookAtGenerations(pass, suspicions, names.unindexed);
    for (const left of names.leftIdempotencyKeys) {
      const place = { generationId: left.generationId };
      if ((await archive.listRecordsOf(left.generationId)).length > 0) await restoreGeneration(recovery, left.generationId);
      // Nothing of it was ever sent: whoever enqueues again with this key buys it for the first time.
      else await store.dropIdempotencyKey(left);
      pass.found('idempotency-key-left', place, 'repaired');
    }
    for (const period of names.periods) periods.add(period);
  }
  return periods;
}
