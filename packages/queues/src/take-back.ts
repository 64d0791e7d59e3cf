import { ErrorCode, type Job } from 'bullmq';

/** Whether BullMQ refused because the job is not in the state, or not there, that the call needs. */
export const isElsewhere = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === ErrorCode.JobNotInState || error.code === ErrorCode.JobNotExist);

/** Takes a job back from failed. When somebody else did so first it is alive, which is all that was wanted. */
export async function takeBack(job: Job): Promise<void> {
  try {
    await job.retry('failed', { resetAttemptsMade: true });
  } catch (error) {
    if (!isElsewhere(error)) throw error;
  }
}
