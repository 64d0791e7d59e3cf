import type { SubmissionRef } from '@darkroom/contracts';
import { ErrorCode, type Job } from 'bullmq';
import { buildJobPayload } from './job-payload.ts';

/** Whether BullMQ refused because the job is not in the state, or not there, that the call needs. */
export const isElsewhere = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === ErrorCode.JobNotInState || error.code === ErrorCode.JobNotExist);

/**
 * Takes the job of a submission back from failed, its payload written anew: nobody may have been able to read it. When somebody
 * else took it back first it is alive, which is all that was wanted.
 */
export async function takeBack(job: Job, ref: SubmissionRef): Promise<void> {
  try {
    await job.updateData(buildJobPayload(ref));
    await job.retry('failed', { resetAttemptsMade: true });
  } catch (error) {
    if (!isElsewhere(error)) throw error;
  }
}
