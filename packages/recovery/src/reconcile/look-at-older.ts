import { generationIdTime, GENERATION_ID_MAX_AGE_MS, isGenerationId } from '@darkroom/contracts';
import type { OpenCursor } from '@darkroom/generation-store';
import { dateOf, LISTED_ONE_BY_ONE } from '../listings.ts';
import { lookAtDate, lookAtPage } from './look-at-stored.ts';
import type { UploadTidying } from './look-at-uploads.ts';
import { orName } from './name-corrupt.ts';
import type { Pass } from './pass.ts';
import { findStoredGeneration } from './stored-generations.ts';
import type { Suspicions } from './suspicions.ts';

const DAY_MS = 86_400_000;
const PAGE = 1000;

/**
 * Compares generations under older dates of S3 that may have moved since: those that are still open, such as ones with a late `runAt`, and
 * those that were bought within the last days. A purchase by a worker of an earlier version is in no index; it is found as long as it is
 * open.
 */
export async function lookAtOlder(pass: Pass, suspicions: Suspicions, uploads: UploadTidying): Promise<void> {
  const { around, archive, settings } = pass.reconciler;
  if (!pass.isThorough && pass.from.older === undefined) return;
  const wanted = await collectOlder(pass);
  const until = around.now() + settings.storedMs;
  const dates = [...wanted.keys()].toSorted().filter((date) => pass.from.older === undefined || date > pass.from.older);
  for (const [at, date] of dates.entries()) {
    const ids = wanted.get(date) ?? [];
    if (ids.length > LISTED_ONE_BY_ONE) await lookAtDate(pass, suspicions, uploads, date, { until: Infinity });
    else {
      for (const generationId of ids)
        await orName(pass, { generationId }, async () => {
          await lookAtPage(pass, suspicions, uploads, [await findStoredGeneration(archive, generationId)]);
        });
    }
    if (around.now() < until || at === dates.length - 1) continue;
    pass.next.older = date;
    return;
  }
}

/** Returns generations by their dates: all of those that are few, and some of the others. */
async function collectOlder(pass: Pass): Promise<Map<string, string[]>> {
  const { store, settings } = pass.reconciler;
  const since = pass.startedAt - (settings.days - 1) * DAY_MS;
  const oldest = dateOf(since);
  const wanted = new Map<string, string[]>();
  const add = (generationIds: readonly string[]): void => {
    for (const generationId of generationIds) {
      if (!isGenerationId(generationId)) continue;
      const date = dateOf(generationIdTime(generationId));
      if (date >= oldest) continue;
      const ids = wanted.get(date) ?? [];
      wanted.set(date, ids);
      if (ids.length <= LISTED_ONE_BY_ONE && !ids.includes(generationId)) ids.push(generationId);
    }
  };
  let after: OpenCursor | undefined;
  do {
    const page = await store.readOpenPage(after, PAGE);
    add(page.generationIds);
    await pass.checkpoint();
    // The oldest come first, and an id may be a day old when it is enqueued.
    after = page.next !== undefined && page.next.createdAt < since + GENERATION_ID_MAX_AGE_MS ? page.next : undefined;
  } while (after !== undefined);
  await store.forgetBought(since);
  let bought: OpenCursor | undefined = { createdAt: since, generationId: '' };
  do {
    const page: { generationIds: string[]; next?: OpenCursor } = await store.readBoughtPage(bought, PAGE);
    add(page.generationIds);
    await pass.checkpoint();
    bought = page.next;
  } while (bought !== undefined);
  return wanted;
}
