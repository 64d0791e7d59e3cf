import type { SubmissionRef } from '@darkroom/contracts';
import type { FindingKind, SubmissionPicture } from '@darkroom/generation-store';
import type { JobKeeper, JobPresence } from '@darkroom/queues';
import { mendGeneration } from './mend-generation.ts';
import { orName } from './name-corrupt.ts';
import type { Pass } from './pass.ts';
import type { Suspicions } from './suspicions.ts';

/** A live submission without a job that will run. */
interface Jobless {
  submission: SubmissionPicture;
  kind: FindingKind;
}

const isPlanned = ({ status }: SubmissionPicture): boolean => status === 'planned';
/** Sent, or about to be: the provider may have it. */
export const isSent = ({ status }: SubmissionPicture): boolean => status === 'committed' || status === 'accepted';

/**
 * Finds live submissions without a job. An unsent submission needs the job that sends it. A sent one needs the job that looks for it, or
 * still the one that sends it, which parks the other before the request leaves (I3).
 */
async function findJobless(pass: Pass, pictures: readonly SubmissionPicture[]): Promise<Jobless[]> {
  const { submissions, settlements } = pass.reconciler;
  const planned = pictures.filter(isPlanned);
  const sent = pictures.filter(isSent);
  const [ofPlanned, ofSent] = await Promise.all([
    submissions.keeper.inspect(planned.map(refOf)),
    settlements.keeper.inspect(sent.map(refOf)),
  ]);
  const unwatched = sent.flatMap((submission, at) => (isThere(ofSent[at]) ? [] : [{ submission, presence: ofSent[at] }]));
  nameUnreadable(pass, submissions.keeper, planned, ofPlanned);
  nameUnreadable(pass, settlements.keeper, sent, ofSent);
  const ofUnwatched = await submissions.keeper.inspect(unwatched.map(({ submission }) => submission.ref));
  return [
    ...planned.flatMap((submission, at): Jobless[] =>
      isThere(ofPlanned[at]) ? [] : [{ submission, kind: ofPlanned[at] === 'failed' ? 'failed-job' : 'submission-without-job' }],
    ),
    ...unwatched.flatMap(({ submission, presence }, at): Jobless[] =>
      isThere(ofUnwatched[at]) ? [] : [{ submission, kind: presence === 'failed' ? 'failed-job' : 'settlement-without-job' }],
    ),
  ];
}

/** Names a job with a key of another type, for an operator: no job could be added in its place. */
const isThere = (presence: JobPresence | undefined): boolean => presence === 'live' || presence === 'unreadable';

function nameUnreadable(pass: Pass, keeper: JobKeeper, all: readonly SubmissionPicture[], presences: readonly JobPresence[]): void {
  for (const [at, { ref }] of all.entries())
    if (presences[at] === 'unreadable')
      pass.found(
        'record-corrupt',
        { ...ref, detail: `the job "${keeper.keyOf(ref)}" in Redis, or a list of its queue, is of another type` },
        'named',
      );
}

const refOf = ({ ref }: SubmissionPicture): SubmissionRef => ref;

/** Suspects those submissions of these generations that have no job. */
export async function lookAtJobs(pass: Pass, suspicions: Suspicions, pictures: readonly SubmissionPicture[]): Promise<void> {
  const { reconciler } = pass;
  for (const { submission, kind } of await findJobless(pass, pictures)) {
    const { ref } = submission;
    await suspicions.add({
      kind,
      place: ref,
      isStillSo: async () => {
        const picture = await mendGeneration(pass, ref.generationId);
        const again = picture?.submissions.find((each) => isSame(each, submission));
        return again !== undefined && (await findJobless(pass, [again])).length > 0;
      },
      repair: async () => {
        await reconciler[isPlanned(submission) ? 'submissions' : 'settlements'].keeper.bringBack(ref);
        return 'repaired';
      },
    });
  }
}

/** Returns true if no process has touched a submission since the first look. */
const isSame = (one: SubmissionPicture, other: SubmissionPicture): boolean =>
  one.ref.index === other.ref.index &&
  one.ref.n === other.ref.n &&
  one.status === other.status &&
  one.sends === other.sends &&
  one.settlements === other.settlements;

/**
 * Takes back failed jobs of live submissions. A settlement also matters after its submission ended without an image: a delivery may have
 * woken it for a late one.
 */
export async function takeBackFailed(pass: Pass): Promise<void> {
  const { reconciler, checkpoint } = pass;
  for (const queue of ['submissions', 'settlements'] as const) {
    for await (const refs of reconciler[queue].keeper.listFailed()) {
      await checkpoint();
      for (const ref of refs) await orName(pass, ref, () => takeBackOne(pass, queue, ref));
    }
  }
}

async function takeBackOne({ reconciler, found }: Pass, queue: 'submissions' | 'settlements', ref: SubmissionRef): Promise<void> {
  const {
    submissions: [known],
  } = await reconciler.store.readKnown(ref.generationId, [ref]);
  const isOver = known?.status === undefined || known.status === 'succeeded';
  const isEnded = known?.status === 'failed' || known?.status === 'lost' || known?.status === 'unknown';
  if (isOver || (isEnded && queue === 'submissions')) return;
  await reconciler[queue].keeper.bringBack(ref);
  found('failed-job', ref, 'repaired');
}
