import { isGenerationId } from '@darkroom/contracts';
import type { GenerationPicture, OpenCursor } from '@darkroom/generation-store';
import { restoreGeneration } from '../restore-generation.ts';
import { returnRequest } from '../return-request.ts';
import { isSent, lookAtJobs } from './look-at-jobs.ts';
import { mendGeneration } from './mend-generation.ts';
import { orName } from './name-corrupt.ts';
import type { Pass } from './pass.ts';
import type { Suspicions } from './suspicions.ts';

const PAGE = 100;

/** Looks at the open generations, from the end of the pass before: at their entries, their jobs, and the clock. */
export async function lookAtOpen(pass: Pass, suspicions: Suspicions): Promise<void> {
  const { store, around, settings } = pass.reconciler;
  const until = around.now() + settings.openMs;
  let after: OpenCursor | undefined = pass.from.open;
  do {
    const page = await store.readOpenPage(after, PAGE);
    await lookAtGenerations(pass, suspicions, page.generationIds);
    pass.count('open', page.generationIds.length);
    await pass.checkpoint(page.generationIds.length);
    after = page.next;
    if (after !== undefined && around.now() >= until) {
      pass.next.open = after;
      return;
    }
  } while (after !== undefined);
}

/** Looks at some generations. */
export async function lookAtGenerations(pass: Pass, suspicions: Suspicions, generationIds: readonly string[]): Promise<void> {
  const pictures = await Promise.all(generationIds.map((generationId) => lookInside(pass, suspicions, generationId)));
  const known = pictures.filter((picture) => picture !== undefined);
  const uncounted = known.reduce((sum, each) => sum + each.uncounted, 0);
  if (uncounted > 0) pass.found('open-images-miscounted', { detail: `${uncounted} images` }, 'repaired');
  await lookAtJobs(
    pass,
    suspicions,
    known.flatMap(({ submissions }) => submissions),
  );
}

async function lookInside(pass: Pass, suspicions: Suspicions, generationId: string): Promise<GenerationPicture | undefined> {
  if (!isGenerationId(generationId)) {
    // Neither Redis nor S3 can hold anything under such a name.
    await pass.reconciler.store.dropOpen(generationId);
    pass.found('open-without-record', { detail: `the entry "${generationId.slice(0, 100)}" is no id of a generation` }, 'named');
    return undefined;
  }
  return orName(pass, { generationId }, async () => {
    const picture = await mendGeneration(pass, generationId);
    if (picture === undefined) await suspectMissing(pass, suspicions, generationId);
    else {
      if (isIncomplete(picture)) await suspectIncomplete(pass, suspicions, generationId);
      if (picture.isRequestMissing) await suspectRequestMissing(pass, suspicions, generationId);
      await lookAtTheClock(pass, generationId, picture);
    }
    return picture;
  });
}

const isIncomplete = ({ submissions }: GenerationPicture): boolean => submissions.some(({ status }) => status === undefined);

/** Repairs a generation that is listed as open without an entry: restores it from S3, or removes it from the list. */
async function suspectMissing(pass: Pass, suspicions: Suspicions, generationId: string): Promise<void> {
  const { store, archive, recovery } = pass.reconciler;
  await suspicions.add({
    kind: 'open-without-record',
    place: { generationId },
    isStillSo: async () => (await mendGeneration(pass, generationId)) === undefined,
    repair: async () => {
      if ((await archive.listRecordsOf(generationId)).length > 0) {
        await restoreGeneration(recovery, generationId);
        return 'repaired';
      }
      // It was never sent, and its order is not known any more.
      await store.dropOpen(generationId);
      return 'named';
    },
  });
}

async function suspectIncomplete(pass: Pass, suspicions: Suspicions, generationId: string): Promise<void> {
  const { archive, recovery } = pass.reconciler;
  const isStillSo = async (): Promise<boolean> => {
    const picture = await mendGeneration(pass, generationId);
    return picture !== undefined && isIncomplete(picture);
  };
  await suspicions.add({
    kind: 'record-incomplete',
    place: { generationId },
    isStillSo,
    repair: async () => {
      if ((await archive.listRecordsOf(generationId)).length > 0) await restoreGeneration(recovery, generationId);
      return (await isStillSo()) ? 'named' : 'repaired';
    },
  });
}

async function suspectRequestMissing(pass: Pass, suspicions: Suspicions, generationId: string): Promise<void> {
  await suspicions.add({
    kind: 'request-missing',
    place: { generationId },
    isStillSo: async () => (await mendGeneration(pass, generationId))?.isRequestMissing === true,
    repair: async () => {
      const found = await returnRequest(pass.reconciler.recovery, generationId);
      return found === 'returned' || found === 'erased' ? 'repaired' : 'named';
    },
  });
}

/** Does what a run of a job would have done long ago, if it had come. */
async function lookAtTheClock(
  { reconciler: { generations, settlements, settings }, found }: Pass,
  generationId: string,
  { now, isOpen, deadlineAt, submissions }: GenerationPicture,
): Promise<void> {
  const { timing, patienceMs } = settings;
  const lateMs = timing.maxPollMs + patienceMs;
  if (isOpen && deadlineAt !== undefined && now > deadlineAt + lateMs) {
    await generations.expire(generationId);
    found('past-deadline', { generationId }, 'repaired');
  }
  for (const submission of submissions) {
    if (!isSent(submission) || submission.firstSentAt === undefined) continue;
    if (now <= submission.firstSentAt + timing.horizonMs + lateMs) continue;
    await settlements.wake(submission.ref);
    found('past-horizon', submission.ref, 'repaired');
  }
}
