import { formatRef, type SubmissionRef } from '@darkroom/contracts';
import type { Outcome } from '@darkroom/purchase';
import { jobIdOf, PARKED_PRIORITY, parseJobPayload } from '@darkroom/queues';
import { DelayedError, RateLimitError, UnrecoverableError, WaitingError, type Job, type Worker } from 'bullmq';

/** What turning an outcome into BullMQ's words needs. */
export interface OutcomeSurroundings {
  worker: Worker;
  /** Redis time, in milliseconds since 1970: another worker may take the job when its time has come. */
  now: () => number;
  /** Makes the whole queue wait. */
  throttleQueue(delayMs: number): Promise<void>;
  /** The number of the newest delivery of a submission. */
  newestDelivery(ref: SubmissionRef): Promise<number>;
  wake(ref: SubmissionRef): Promise<unknown>;
}

/** The submission that a job is about. A job that is none of ours is discarded: no later run could read it either. */
export function readJob(job: Job): SubmissionRef {
  try {
    const ref = parseJobPayload(job.data);
    // Under the id of one submission the payload of another would make two runs of that one, and none of its own.
    if (job.id !== jobIdOf(ref)) throw new Error(`its payload names "${formatRef(ref)}", whose job has another id`);
    return ref;
  } catch (error) {
    throw new UnrecoverableError(
      `job "${job.id}" of queue "${job.queueName}" is not one of ours: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * The one place that knows both our outcomes and BullMQ's words. BullMQ takes "put back" as an error that is thrown; none of
 * these counts as an attempt.
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
      // BullMQ knows it by its message alone (6.7, `Worker.handleFailed`): with one of ours it would be a failed attempt, half a minute long.
      throw new RateLimitError();
    case 'release':
      await job.moveToWait(token);
      throw new WaitingError();
    default:
      return outcome satisfies never;
  }
}

/**
 * Parks the job again, with the priority of a parked one: a wake took it away. Then looks once more: a delivery that came
 * while the job ran found nothing to wake. Only a delivery newer than the run wakes it, or one that changed nothing would
 * wake it for ever (I6).
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
    ...(parked ? { fieldsToUpdate: { priority: PARKED_PRIORITY } } : {}),
  });
  if (parked && (await newestDelivery(ref)) > seenDelivery) await wake(ref);
}
