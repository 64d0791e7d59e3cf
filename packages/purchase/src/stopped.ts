import { defined, type ErrorCode, type SubmissionRef } from '@darkroom/contracts';
import type { Commitment } from '@darkroom/generation-store';
import { backoffMs } from './backoff.ts';
import { endUnbought } from './end-submission.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';
import { returnRequest } from './return-request.ts';

/** Time between two looks of a worker for room at the provider: long enough to cost nothing, and short beside a task. */
const BUSY_LOOK_MS = 250;

/** Decides about a run whose submission is not bought now. */
export async function stopped(purchase: Purchase, ref: SubmissionRef, why: Extract<Commitment, { kind: 'stop' }>): Promise<Outcome> {
  const { waits, around, settings } = purchase;
  const { reason, detail } = why;
  const { maxTroubleMs } = settings.timing;
  const troubleMs = backoffMs(maxTroubleMs, maxTroubleMs, 1, around.random);
  const { waitMs = troubleMs, behindMs = 0 } = why;
  switch (reason) {
    case 'settled':
    case 'closed':
      // It may have been sent, and its settlement may be missing: the run that committed it died before it parked one, or Redis lost the
      // job and was then told of the acceptance.
      if (reason === 'closed' || detail === 'accepted' || (await wasForgotten(purchase, ref, detail)))
        await waits.park(ref, settings.timing.firstPollMs, true);
      return { kind: 'finished' };
    case 'never-bought':
      return endUnbought(purchase, ref, codeOfNeverBought(detail));
    case 'request-gone':
      return endUnbought(purchase, ref, 'submission.request-gone');
    case 'request-missing':
      await returnRequest(purchase, ref);
      return { kind: 'snooze', delayMs: settings.timing.troubleMs, why: reason };
    case 'replaced':
      around.log('submission.replaced', ref, { code: detail });
      return endUnbought(purchase, ref, readReplaced(detail));
    case 'awaits-replaced':
      // A send of an earlier attempt at its image may have been accepted, or is to be made: Redis learned that after the retry was made.
      around.log('submission.stopped', ref, { reason });
      return { kind: 'snooze', delayMs: troubleMs, why: reason };
    case 'no-record':
      // Never created here (I9). Redis forgot the generation, or its time in Redis is over.
      around.log('submission.without-record', ref);
      return { kind: 'finished' };
    case 'provider-trouble':
      // The whole queue waits, and looks often for an answer to the trial request.
      return { kind: 'throttle', delayMs: Math.min(waitMs, settings.timing.troubleMs), why: reason };
    case 'behind':
      return { kind: 'renumber', ...(why.line ?? { number: 0 }) };
    case 'busy':
      // The whole queue waits for a task to end, which the next look sees soon: tasks take seconds.
      return { kind: 'throttle', delayMs: BUSY_LOOK_MS, why: reason };
    case 'scheduled':
      // The job came early: an operator promoted it, or it was added again.
      return { kind: 'snooze', delayMs: waitMs, why: reason };
    case 'paused':
    case 'not-initialised':
    case 'foreign':
    case 'recovering':
      // The reason holds for every waiting job: the queue rests in its order, and this job goes back to its place.
      around.log('submission.stopped', ref, { reason });
      return { kind: 'throttle', delayMs: Math.min(settings.timing.troubleMs, maxTroubleMs), why: reason };
    case 'cap':
    case 'no-reservation':
      around.log('submission.stopped', ref, defined({ reason, period: reason === 'cap' ? detail : undefined }));
      // Looked at again soon, although a cap may not reset for weeks: an operator may raise it, and ended submissions give money back. Of
      // many jobs that wait for one cap, one looks after the other.
      return { kind: 'snooze', delayMs: Math.min(waitMs, troubleMs) + behindMs, why: reason };
    default:
      return reason satisfies never;
  }
}

/** Returns the code of a submission that was never bought. @param status The status of its generation. */
function codeOfNeverBought(status: string): ErrorCode {
  if (status === 'cancelled') return 'generation.cancelled';
  if (status === 'expired') return 'generation.expired';
  return 'submission.superseded'; // another purchase of the image brought it home
}

const replacedCodes = [
  'retry.image-arrived',
  'retry.lost-image',
  'retry.unknown-outcome',
  'submission.superseded',
] as const satisfies readonly ErrorCode[];

/** Reads the code of an image that another attempt replaces. @throws Error on a word that the commit does not say. */
function readReplaced(detail: string): ErrorCode {
  const code = replacedCodes.find((each) => each === detail);
  if (code === undefined)
    throw new Error(`the commit stopped with "replaced" and "${detail}", which is none of ${replacedCodes.join(', ')}`);
  return code;
}

/**
 * Returns true if Redis calls a submission ended without a send (by a cancel or a deadline) while S3 holds an intent: Redis lost its memory
 * in between, and an image that was paid for may come.
 */
async function wasForgotten({ archive, around }: Purchase, ref: SubmissionRef, status: string): Promise<boolean> {
  if (status !== 'failed' || !(await hasIntent(archive, ref))) return false;
  around.log('submission.remembered-by-s3', ref);
  return true;
}

/** Returns true if a send was made: the first one, or its repetition while the first stood still before its intent was written. */
const hasIntent = async (archive: Purchase['archive'], ref: SubmissionRef): Promise<boolean> =>
  (await archive.findIntent(ref, 0)) !== undefined || (await archive.findIntent(ref, 1)) !== undefined;
