import type { SubmissionRef } from '@darkroom/contracts';
import { ErrorCode, type Job } from 'bullmq';
import { buildJobPayload } from './job-payload.ts';

/** Returns true if BullMQ refused because the job does not exist or is in another state than the call needs. */
export const isElsewhere = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === ErrorCode.JobNotInState || error.code === ErrorCode.JobNotExist);

/**
 * Retries a failed job of a submission with its payload written again, because the old one may have been unreadable. If another caller
 * retried it first, it is live, which is the goal.
 */
export async function takeBack(job: Job, ref: SubmissionRef): Promise<void> {
  try {
    await job.updateData(buildJobPayload(ref));
    await job.retry('failed', { resetAttemptsMade: true });
  } catch (error) {
    if (!isElsewhere(error)) throw error;
  }
}
