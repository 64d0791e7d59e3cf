import { formatReleaseId, type ListedRecord, type SubmissionResult } from '@darkroom/contracts';
import type { RememberedGeneration } from '@darkroom/generation-store';
import { consequencesOf } from '@darkroom/purchase';
import { readGenerationRecords, type GenerationRecords } from './generation-records.ts';
import type { Recovery } from './ports.ts';
import { readRequest } from './read-request.ts';
import { rememberReplaced } from './retries.ts';

/**
 * Restores one generation: the part that S3 knows and Redis does not. Reads S3 first and tells Redis second; better knowledge of Redis
 * stays. Safe to repeat, to be killed in, and to run beside workers and other restores.
 *
 * 1. The settlements of submissions that may have been bought. First, as before a send (I3): once Redis holds the entry it counts as known,
 * so a death before its job would leave a purchase without a settlement until the next pass of the reconciler.
 * 2. The entry, its submissions, sends and holds, in one script.
 * 3. Every end that S3 knows, in the order in which they came: money, images and the status follow from them as they did before.
 * 4. The jobs of submissions that are not over by then: again a settlement, or a submission that waits to be bought.
 *
 * Not for a generation whose time in Redis is over: its money would be counted twice. Results of `findForgotten` are safe.
 * @param listed Its records, if they were listed before.
 * @returns "known" if Redis had all of its submissions, "no-records" if S3 knows nothing of it.
 * @throws StorageError: storage.unavailable, or storage.corrupt-record for damaged records; nothing was changed then.
 */
export async function restoreGeneration(
  recovery: Recovery,
  generationId: string,
  listed?: readonly ListedRecord[],
): Promise<'restored' | 'known' | 'no-records'> {
  const records = await readGenerationRecords(recovery.archive, generationId, recovery.settings.maxSubmissions, listed);
  return records === undefined ? 'no-records' : restoreRecords(recovery, records);
}

/** Restores a generation whose records were read. */
export async function restoreRecords(recovery: Recovery, records: GenerationRecords): Promise<'restored' | 'known'> {
  const { generationId } = records.generation;
  const found = await readRequest(
    recovery.archive,
    generationId,
    records.submissions.map(({ intent }) => intent),
  );
  await parkUnended(recovery, records);
  const changed = await recovery.store.restore({ ...records.generation, ...found });
  await settleWhatEnded(recovery, records);
  await releaseAgain(recovery, records);
  if (!isAllHome(records)) {
    await rememberReplaced(recovery, records);
    await addJobs(recovery, generationId);
  }
  return changed > 0 ? 'restored' : 'known';
}

/** Releases again what an operator has released: one LIST for each image that the content check did not clear. */
async function releaseAgain({ store, archive }: Recovery, { generation, submissions }: GenerationRecords): Promise<void> {
  if (generation.withholdFlagged !== true) return;
  for (const { ref, result, amendment } of submissions) {
    const home = [amendment, result].find((end) => end?.status === 'succeeded');
    if (home === undefined || home.nsfwContent === false) continue;
    if ((await archive.findNewestSetting('releases', formatReleaseId(ref))) !== undefined) await store.releaseImage(ref);
  }
}

/** Returns true if each submission has come home, as most have: no job is left for them, and one question less to Redis. */
const isAllHome = ({ generation, submissions }: GenerationRecords): boolean =>
  submissions.length === generation.submissions.length && submissions.every(({ result }) => result?.status === 'succeeded');

async function parkUnended({ waits, settings: { timing } }: Recovery, { submissions }: GenerationRecords): Promise<void> {
  for (const { ref, result } of submissions) if (result === undefined) await waits.park(ref, timing.firstPollMs, true);
}

/** Ends of so long ago are told again: Redis may have forgotten them with their events. */
const TOLD_AGAIN_MS = 2 * 24 * 3_600_000;

async function settleWhatEnded({ store, settings, now }: Recovery, { generation, submissions }: GenerationRecords): Promise<void> {
  const ends = submissions.flatMap(({ result, decision, amendment }) => [result, decision, amendment]).filter((end) => end !== undefined);
  // A stable order: of one moment, what was written first comes first.
  for (const end of ends.toSorted((a, b) => a.settledAt - b.settledAt)) {
    await closeBefore(store, generation, end);
    await store.settle(end, { ...consequencesOf(end, settings.maxSubmissions), isOld: now() - end.settledAt > TOLD_AGAIN_MS });
  }
}

/** Returns true if the generation was over when this end came, as far as S3 tells: a late image must not change its status. */
async function closeBefore(
  store: Recovery['store'],
  { generationId, deadlineAt }: RememberedGeneration,
  end: SubmissionResult,
): Promise<void> {
  if (end.fault?.code === 'generation.cancelled') await store.cancel(generationId);
  if (deadlineAt !== undefined && end.settledAt >= deadlineAt) await store.expire(generationId);
}

async function addJobs({ store, waits, settings: { timing }, now }: Recovery, generationId: string): Promise<void> {
  for (const { status, firstSentAt, ...ref } of await store.findSubmissions(generationId)) {
    switch (status) {
      case 'planned':
        await waits.reviveSubmission(ref);
        break;
      case 'committed':
      case 'accepted':
        await waits.park(ref, timing.firstPollMs, true);
        break;
      case 'failed':
      case 'lost':
        // Its image may still come, and a settlement that looked out for it was forgotten with the rest.
        if (firstSentAt !== undefined && now() - firstSentAt < timing.horizonMs) await waits.park(ref, timing.firstPollMs, true);
        break;
      case 'succeeded':
      case 'unknown':
        break;
      default:
        status satisfies never;
    }
  }
}
