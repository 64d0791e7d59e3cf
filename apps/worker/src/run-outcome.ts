import { formatRef, type SubmissionRef } from '@darkroom/contracts';
import type { Outcome } from '@darkroom/purchase';
import { jobIdOf, PARKED_PRIORITY, parseJobPayload, type NumberedSubmission } from '@darkroom/queues';
import { DelayedError, RateLimitError, UnrecoverableError, WaitingError, type Job, type Worker } from 'bullmq';

/** Functions that turn an outcome into calls of BullMQ. */
export interface OutcomeSurroundings {
  worker: Worker;
  /** Redis time, in milliseconds since 1970: any worker may take the job when it is due. */
  now: () => number;
  /** Makes the whole queue wait. */
  throttleQueue(delayMs: number): Promise<void>;
  /** Returns the number of the newest delivery of a submission. */
  newestDelivery(ref: SubmissionRef): Promise<number>;
  wake(ref: SubmissionRef): Promise<unknown>;
  /** Gives the job of a submission another number in the fair line. */
  renumber(submission: Required<NumberedSubmission>): Promise<unknown>;
}

/** Returns the submission that a job is about. A foreign job is discarded: no later run could read it either. */
export function readJob(job: Job): SubmissionRef {
  try {
    const ref = parseJobPayload(job.data);
    // A payload under another submission's job id would give that submission two runs, and its own none.
    if (job.id !== jobIdOf(ref)) throw new Error(`its payload names "${formatRef(ref)}", whose job has another id`);
    return ref;
  } catch (error) {
    throw new UnrecoverableError(
      `job "${job.id}" of queue "${job.queueName}" does not belong to Darkroom: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * Turns an outcome into BullMQ's words; no other module knows both. BullMQ takes a thrown error as "put back"; none of these counts
 * as an attempt.
 */
export async function runOutcome(
  job: Job,
  token: string,
  ref: SubmissionRef,
  outcome: Outcome,
  around: OutcomeSurroundings,
): Promise<void> {
  switch (outcome.kind) {
    case 'submitted':
    case 'finished':
      return;
    case 'snooze':
      await snooze(job, token, ref, outcome, around);
      throw new DelayedError(outcome.why);
    case 'throttle':
      await around.throttleQueue(outcome.delayMs);
      // BullMQ knows this error by its message alone (6.7, `Worker.handleFailed`). It takes any other as a failed attempt.
      throw new RateLimitError();
    case 'renumber': {
      const { number, ahead } = outcome;
      if (ahead !== undefined) await around.renumber({ ...ahead.ref, number: ahead.number });
      await around.renumber({ ...ref, number });
      await job.moveToWait(token);
      // BullMQ (6.7) puts such a job back without waking the loops that wait for one: they would look after two seconds. A number given anew
      // wakes them, and puts the job behind those that had its number before.
      await around.renumber({ ...ref, number }).catch(() => undefined);
      throw new WaitingError();
    }
    case 'release':
      await job.moveToWait(token);
      throw new WaitingError();
    default:
      return outcome satisfies never;
  }
}

/**
 * Parks the job again, that of a settlement with the priority of a parked job, which a wake took away. It then reads the deliveries once more: a delivery
 * during the run found no parked job to wake. Only a delivery newer than the run wakes the job; an old one would wake it for ever (I6).
 */
async function snooze(
  job: Job,
  token: string,
  ref: SubmissionRef,
  { delayMs, seenDelivery }: Extract<Outcome, { kind: 'snooze' }>,
  { worker, now, newestDelivery, wake }: OutcomeSurroundings,
): Promise<void> {
  const parked = seenDelivery !== undefined;
  await worker.getBackend().moveToDelayed(String(job.id), now(), delayMs, token, {
    skipAttempt: true,
    // a submission that comes back has had its turn in the fair line, or takes another number then
    fieldsToUpdate: { priority: parked ? PARKED_PRIORITY : 0 },
  });
  if (parked && (await newestDelivery(ref)) > seenDelivery) await wake(ref);
}
