import { isGenerationId, MAX_CHECKPOINT_AGE_MS, type SubmissionRef } from '@darkroom/contracts';
import type { LeftIdempotencyKey, UnclaimedDelivery } from '@darkroom/generation-store';
import { restoreGeneration } from '../restore-generation.ts';
import type { Pass } from './pass.ts';
import { lookAtGenerations } from './look-at-open.ts';
import { orName } from './name-corrupt.ts';
import { findStoredGeneration } from './stored-generations.ts';
import type { Suspicions } from './suspicions.ts';

const PAGE = 50;
/** Least time for which an entry stays in Redis. A list holds its entry for as long, and until a pass meets it. */
const LISTED_MS = MAX_CHECKPOINT_AGE_MS;
/** Most deliveries of one look, more than the list holds; later ones are left to the next pass. */
const MAX_PAGES = 30;

/** Hands over the deliveries that found no entry when they came, and forgets those that tell nothing. */
export async function handOverDeliveries(pass: Pass): Promise<void> {
  const { store } = pass.reconciler;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await store.readUnclaimed(PAGE);
    if (page.length === 0) return;
    for (const delivery of page) {
      const { ref } = delivery;
      if (ref === undefined) pass.found('unclaimed-delivery', { detail: 'it names no submission' }, 'named');
      else await orName(pass, ref, () => handOver(pass, ref, delivery), 'unclaimed-delivery');
      // A named delivery is forgotten too: each pass would name it again, and the provider is asked for its facts.
      await store.forgetUnclaimed(delivery);
    }
    await pass.checkpoint(page.length);
  }
}

async function handOver({ reconciler, found }: Pass, ref: SubmissionRef, delivery: UnclaimedDelivery): Promise<void> {
  const { store, generations, archive, settlements, recovery } = reconciler;
  const isKnown = async (): Promise<boolean> => (await store.readKnown(ref.generationId, [ref])).submissions[0]?.status !== undefined;
  let isThere = await isKnown();
  if (!isThere) {
    const stored = await findStoredGeneration(archive, ref.generationId);
    const mine = stored.submissions.find((each) => each.ref.index === ref.index && each.ref.n === ref.n);
    // Its image is home, or Darkroom never sent a task of this name.
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
 * Looks through all keys of Redis for those that no index leads to: generations that do not count as open or are missing in the lists, and
 * idempotency keys of missing generations. Tidies the lists.
 * @returns the periods of the ledger.
 */
export async function lookAtNames(pass: Pass, suspicions: Suspicions): Promise<Set<string>> {
  const { store } = pass.reconciler;
  const periods = new Set<string>();
  for await (const names of store.scanNames()) {
    await pass.checkpoint();
    await lookAtGenerations(pass, suspicions, names.unindexed);
    for (const left of names.leftIdempotencyKeys)
      await orName(
        pass,
        isGenerationId(left.generationId) ? { generationId: left.generationId } : {},
        async () => {
          await lookAtLeftKey(pass, left);
        },
        'idempotency-key-left',
      );
    for (const key of names.unreadable) pass.found('record-corrupt', { detail: `the key "${key}" in Redis is of another type` }, 'named');
    for (const period of names.periods) periods.add(period);
    const missing = (await orName(pass, { detail: 'the lists' }, () => store.mendLists(names.generationIds))) ?? 0;
    if (missing > 0) pass.found('not-listed', { detail: `${missing} generations` }, 'repaired');
    for (const list of names.lists)
      await orName(pass, { detail: `the list "${list}"` }, () => store.cleanList(list, pass.startedAt - LISTED_MS));
  }
  return periods;
}

async function lookAtLeftKey({ reconciler, found }: Pass, left: LeftIdempotencyKey): Promise<void> {
  const { store, archive, recovery } = reconciler;
  const { generationId } = left;
  const isOurs = isGenerationId(generationId);
  if (isOurs && (await archive.listRecordsOf(generationId)).length > 0) await restoreGeneration(recovery, generationId);
  // It was never sent: an enqueue with this key buys it for the first time.
  else await store.dropIdempotencyKey(left);
  found('idempotency-key-left', isOurs ? { generationId } : { detail: `the key "${left.key}" led to no id` }, 'repaired');
}
