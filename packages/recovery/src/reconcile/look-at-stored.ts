import { defined } from '@darkroom/contracts';
import { dateOf } from '../listings.ts';
import { restoreGeneration } from '../restore-generation.ts';
import { compareStored, type Disagreement } from './compare-stored.ts';
import type { UploadTidying } from './look-at-uploads.ts';
import { nameForeign, orName } from './name-corrupt.ts';
import type { Pass } from './pass.ts';
import type { Finding } from './ports.ts';
import { findStoredGeneration, listStoredGenerations, type StoredGeneration } from './stored-generations.ts';
import type { Suspicions } from './suspicions.ts';

const DAY_MS = 86_400_000;
const PAGE = 100;

/**
 * Compares the generations of the last days in S3 with those in Redis, from the end of the pass before. Lists names and reads no object.
 * @returns true if the last of them was examined.
 */
export async function lookAtStored(pass: Pass, suspicions: Suspicions, uploads: UploadTidying): Promise<boolean> {
  const { around, settings } = pass.reconciler;
  const until = around.now() + settings.storedMs;
  const dates = Array.from({ length: settings.days }, (_, back) => dateOf(pass.startedAt - back * DAY_MS));
  const { date: fromDate = '', generationId } = pass.from.stored ?? {};
  for (const date of dates.slice(Math.max(0, dates.indexOf(fromDate)))) {
    const end = await lookAtDate(pass, suspicions, uploads, date, { until, after: date === fromDate ? generationId : undefined });
    if (end === undefined) continue;
    pass.next.stored = { date, generationId: end };
    return false;
  }
  return true;
}

/**
 * Compares the generations of one date.
 * @returns the last examined one if the time is over before all were.
 */
export async function lookAtDate(
  pass: Pass,
  suspicions: Suspicions,
  uploads: UploadTidying,
  date: string,
  { until, after }: { until: number; after?: string | undefined },
): Promise<string | undefined> {
  const { archive, around } = pass.reconciler;
  const page: StoredGeneration[] = [];
  const options = { onForeign: (key: string) => nameForeign(pass, key), ...defined({ after }) };
  for await (const stored of listStoredGenerations(archive, date, options)) {
    page.push(stored);
    if (page.length < PAGE) continue;
    await lookAtPage(pass, suspicions, uploads, page.splice(0));
    if (around.now() >= until) return stored.generationId;
  }
  await lookAtPage(pass, suspicions, uploads, page);
  return undefined;
}

export async function lookAtPage(
  pass: Pass,
  suspicions: Suspicions,
  uploads: UploadTidying,
  page: readonly StoredGeneration[],
): Promise<void> {
  const { store, settings } = pass.reconciler;
  await Promise.all(
    page.map((stored) =>
      orName(pass, { generationId: stored.generationId }, async () => {
        const known = await store.readKnown(
          stored.generationId,
          stored.submissions.map(({ ref }) => ref),
        );
        for (const disagreement of onePerRepair(compareStored(stored, known, settings))) await suspect(pass, suspicions, disagreement);
        await uploads.look(stored, known);
      }),
    ),
  );
  pass.count('stored', page.length);
  await pass.checkpoint(page.length, settings.storedPerSecond);
}

/** Restores the whole generation. */
function onePerRepair(all: readonly Disagreement[]): Disagreement[] {
  const isRestored = ({ kind }: Disagreement): boolean => kind === 'intent-without-record' || kind === 'result-without-record';
  const first = all.find(isRestored);
  return all.filter((each) => !isRestored(each) || each === first);
}

async function suspect(pass: Pass, suspicions: Suspicions, { kind, ref, writtenAt }: Disagreement): Promise<void> {
  const { store, archive, settings } = pass.reconciler;
  await suspicions.add({
    kind,
    place: ref,
    isStillSo: async () => {
      const stored = await findStoredGeneration(archive, ref.generationId);
      const known = await store.readKnown(
        ref.generationId,
        stored.submissions.map((submission) => submission.ref),
      );
      const isThere = compareStored(stored, known, settings).some(
        (each) => each.kind === kind && each.ref.index === ref.index && each.ref.n === ref.n,
      );
      // Redis never had an end of it, so no settlement ended it: there is nothing to write.
      return isThere && (kind !== 'record-without-result' || (await store.findResult(ref)) !== undefined);
    },
    repair: () => repair(pass, { kind, ref, ...defined({ writtenAt }) }),
  });
}

async function repair(pass: Pass, { kind, ref, writtenAt = 0 }: Disagreement): Promise<Finding['action']> {
  const { store, archive, settlements, recovery } = pass.reconciler;
  switch (kind) {
    case 'intent-without-record':
    case 'result-without-record':
      await restoreGeneration(recovery, ref.generationId);
      return 'repaired';
    case 'record-without-result': {
      const result = await store.findResult(ref);
      if (result !== undefined) await archive.recordResult(result);
      return 'repaired';
    }
    case 'image-without-result':
      await settlements.wake(ref);
      return 'repaired';
    case 'second-image':
      await store.noteLook(ref, Math.max(pass.startedAt, writtenAt));
      return 'named';
    case 'image-without-record':
      return 'named';
    default:
      return kind satisfies never;
  }
}
