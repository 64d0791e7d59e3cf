import type { SubmissionRef } from '@darkroom/contracts';
import type { Commitment } from '@darkroom/generation-store';
import { backoffMs } from './backoff.ts';
import { endUnbought } from './end-submission.ts';
import type { Outcome } from './outcome.ts';
import type { Purchase } from './purchase.ts';

/** So often each worker looks whether the provider has room again: long enough to cost nothing, and short beside a task. */
const BUSY_LOOK_MS = 250;

/** What becomes of a run whose submission is not bought now. */
export async function stopped(purchase: Purchase, ref: SubmissionRef, why: Extract<Commitment, { kind: 'stop' }>): Promise<Outcome> {
  const { waits, around, settings } = purchase;
  const { reason, detail } = why;
  const { maxTroubleMs } = settings.timing;
  const troubleMs = backoffMs(maxTroubleMs, maxTroubleMs, 1, around.random);
  const { waitMs = troubleMs, behindMs = 0 } = why;
  switch (reason) {
    case 'settled':
    case 'closed':
      // It may have been sent, and the settlement may not be there: the run that committed it died before it parked one, or
      // Redis lost the job and was then told of the acceptance.
      if (reason === 'closed' || detail === 'accepted' || (await wasForgotten(purchase, ref, detail)))
        await waits.park(ref, settings.timing.firstPollMs, true);
      return { kind: 'finished' };
    case 'never-bought':
      return endUnbought(purchase, ref, detail);
    case 'no-record':
      // Never created here (I9). Redis forgot the generation, or its time in Redis is over.
      around.log('submission.without-record', ref);
      return { kind: 'finished' };
    case 'provider-trouble':
      // The whole queue waits with it, and looks often whether the send that tries the provider was answered.
      return { kind: 'throttle', delayMs: Math.min(waitMs, settings.timing.troubleMs), why: reason };
    case 'busy':
      // The whole queue waits with it for a task to end, which the next look sees soon: tasks take seconds.
      return { kind: 'throttle', delayMs: BUSY_LOOK_MS, why: reason };
    case 'scheduled':
      // The job came early: an operator promoted it, or it was added again.
      return { kind: 'snooze', delayMs: waitMs, why: reason };
    case 'paused':
    case 'not-initialised':
    case 'foreign':
    case 'recovering':
      // It holds for everything that waits: the queue rests, in its order, and the job goes back to where it was.
      around.log('submission.stopped', ref, { reason });
      return { kind: 'throttle', delayMs: Math.min(settings.timing.troubleMs, maxTroubleMs), why: reason };
    case 'cap':
    case 'no-reservation':
      around.log('submission.stopped', ref, { reason, ...(reason === 'cap' ? { period: detail } : {}) });
      // Looked at again soon (of many that wait for one cap by one after the other), although a cap may not reset for weeks: it may be raised, and money be given back.
      return { kind: 'snooze', delayMs: Math.min(waitMs, troubleMs) + behindMs, why: reason };
    default:
      return reason satisfies never;
  }
}

/**
 * Redis says that the submission ended without a send, by a cancel or a deadline, and S3 remembers an intent: Redis has lost
 * its memory in between, and an image that was paid for may come.
 */
async function wasForgotten({ archive, around }: Purchase, ref: SubmissionRef, status: string): Promise<boolean> {
  if (status !== 'failed' || !(await hasIntent(archive, ref))) return false;
  around.log('submission.remembered-by-s3', ref);
  return true;
}

/** Whether a send was made: the first, or the one that repeated it while the first stood still before its intent was written. */
const hasIntent = async (archive: Purchase['archive'], ref: SubmissionRef): Promise<boolean> =>
  (await archive.findIntent(ref, 0)) !== undefined || (await archive.findIntent(ref, 1)) !== undefined;
