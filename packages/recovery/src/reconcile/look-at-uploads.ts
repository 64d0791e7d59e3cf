import { defined, taskUuidOf } from '@darkroom/contracts';
import type { KnownGeneration, KnownSubmission } from '@darkroom/generation-store';
import { nameForeign } from './name-corrupt.ts';
import type { Pass } from './pass.ts';
import type { StoredGeneration, StoredSubmission } from './stored-generations.ts';

/**
 * Looks through `staging/`. The name of an upload does not tell its generation: the names that follow from intents are looked for among the
 * uploads.
 */
export interface UploadTidying {
  look(stored: StoredGeneration, known: KnownGeneration): Promise<void>;
  /**
   * Hands the left-over uploads to the eraser, the one process that deletes.
   * @param isRound True if all generations were examined; only then does the next pass look for the uploads behind these.
   */
  finish(isRound: boolean): Promise<void>;
}

const HANDED_AT_ONCE = 1000;

export async function beginTidying(pass: Pass): Promise<UploadTidying> {
  const { archive, store, settlements, settings } = pass.reconciler;
  const writtenAtOf = new Map<string, number>();
  const from = defined({ after: pass.from.uploads });
  let last: string | undefined;
  // Absent: these are the last ones, and the next pass begins with the first.
  let end: string | undefined;
  for await (const { taskUUID, writtenAt } of archive.listUploads({ ...from, onForeign: (key) => nameForeign(pass, key) })) {
    if (writtenAtOf.size >= settings.maxUploads) {
      end = last;
      break;
    }
    last = taskUUID;
    if (writtenAtOf.size % HANDED_AT_ONCE === 0) await pass.checkpoint();
    writtenAtOf.set(taskUUID, writtenAt);
  }
  let leftOver: { taskUUID: string; submission: StoredSubmission }[] = [];

  async function handThemOver(): Promise<void> {
    const some = leftOver;
    leftOver = [];
    if (some.length === 0) return;
    const fresh = new Set(await store.handOverUploads(some.map(({ taskUUID }) => taskUUID)));
    for (const { taskUUID, submission } of some) if (fresh.has(taskUUID)) pass.found('staging-left', submission.ref, 'repaired');
  }

  return {
    async look({ submissions }, known) {
      if (writtenAtOf.size === 0) return;
      for (const [at, submission] of submissions.entries()) {
        const taskUUID = taskUuidOf(submission.ref);
        const writtenAt = writtenAtOf.get(taskUUID);
        if (writtenAt === undefined) continue;
        if (isLeftOver(submission, known.submissions[at]) && known.now - writtenAt > settings.tidyAfterMs) {
          leftOver.push({ taskUUID, submission });
          if (leftOver.length >= HANDED_AT_ONCE) await handThemOver();
        } else if (isNews(submission, known.submissions[at], writtenAt, known.now)) {
          // Recorded before the wake: a crash in between wakes it once too often instead of on every pass.
          await store.noteLook(submission.ref, writtenAt);
          await settlements.wake(submission.ref);
          pass.found('late-upload', submission.ref, 'repaired');
        }
      }
    },
    async finish(isRound) {
      await handThemOver();
      const next = isRound ? end : pass.from.uploads;
      if (next !== undefined) pass.next.uploads = next;
    },
  };

  /**
   * Returns true if a submission ended without its image, and the upload came so late that the settlement may not have seen it. The
   * settlement then looks once more when the upload window is over. The clock of S3 may differ from Redis time: the two times of S3 tell if
   * upload or end came first, and an upload in the future counts as old.
   */
  function isNews(stored: StoredSubmission, known: KnownSubmission | undefined, writtenAt: number, now: number): boolean {
    if (known?.settledAt === undefined || known.status === 'succeeded') return false;
    const { timing, patienceMs } = settings;
    const isLate = writtenAt + timing.uploadWindowMs > (stored.resultWrittenAt ?? known.settledAt);
    const quietSince = writtenAt > now ? known.settledAt : Math.max(known.settledAt, writtenAt);
    const wasLookedFor = now - quietSince > timing.uploadWindowMs + patienceMs;
    return isLate && wasLookedFor && known.lookedAt < writtenAt;
  }
}

/** Returns true if no process needs the upload any more: the submission has its image, which is written only once it is verified (I5). */
function isLeftOver({ imageWrittenAt, hasResult }: StoredSubmission, known: KnownSubmission | undefined): boolean {
  if (imageWrittenAt === undefined || !hasResult) return false;
  // If Redis has dropped it, S3 knows that it ended, and that there is an image.
  return known?.status === undefined || known.status === 'succeeded';
}
