import type { SubmissionRef } from '@darkroom/contracts';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createGathering } from './gathering.ts';
import { createJobKeeper, type JobKeeper } from './job-keeper.ts';
import { buildJobPayload, jobIdOf } from './job-payload.ts';
import { queueNames } from './names.ts';
import { buildQueueOptions, type QueueSettings } from './options.ts';
import { isElsewhere, takeBack } from './take-back.ts';

/** A submission whose job is added. */
export interface NumberedSubmission extends SubmissionRef {
  /** Number of its job in the fair line, from 1; jobs without one go before all others. */
  number?: number;
}

/** The queue of submissions to buy. */
export interface Submissions {
  readonly queue: Queue;
  readonly keeper: JobKeeper;
  /** Adds a job for each submission; an existing job, in any state, stays as it is. */
  add(submissions: readonly NumberedSubmission[], delayMs?: number): Promise<void>;
  /** Removes the jobs of submissions that need none any more; one that a worker runs now stays. */
  remove(submissions: readonly SubmissionRef[]): Promise<void>;
  /** Gives the job of a submission another number, and adds a missing job. */
  renumber(submission: Required<NumberedSubmission>): Promise<void>;
  /**
   * Ensures that a live job exists: adds it, or retries it if it failed. With `ahead` it runs before all waiting jobs: a resend must happen
   * inside the resend window, and the backlog may be longer than that.
   */
  revive(ref: SubmissionRef, options?: { ahead: boolean }): Promise<void>;
  /**
   * Ends the queue's rest after a pause: workers would otherwise wait until the rest's own end. Waiting and delayed jobs keep their
   * places. @returns the number of waiting jobs.
   */
  endRest(): Promise<number>;
  /**
   * Ends a throttle that lasts longer than any is ever set: its end was written before the clock of Redis went back, and would stop all
   * buying until the clock reaches it. @returns true if there was one.
   */
  endStrayThrottle(): Promise<boolean>;
  close(): Promise<void>;
}

/** Longer than any throttle of the queue: a provider may ask for a minute (`Retry-After`). */
const LONGEST_THROTTLE_MS = 120_000;

export function createSubmissions(connection: Redis, settings: QueueSettings): Submissions {
  const { now = Date.now } = settings;
  const queue = new Queue(queueNames.submissions, buildQueueOptions(connection, settings));
  queue.on('error', () => undefined); // every call reports to its own caller
  const backend = queue.getBackend();
  const putAhead = async (jobId: string): Promise<void> => {
    // The job may be delayed or in the backlog; one that runs meanwhile cannot be earlier.
    for (const move of [() => backend.promote(jobId), () => backend.changePriority(jobId, 0, true)]) {
      await move().catch((error: unknown) => {
        if (!isElsewhere(error)) throw error;
      });
    }
  };
  const jobOf = ({ number = 0, ...ref }: NumberedSubmission, delayMs: number) => ({
    name: 'submit',
    data: buildJobPayload(ref),
    opts: {
      jobId: jobIdOf(ref),
      timestamp: now(),
      ...(delayMs > 0 ? { delay: delayMs } : {}),
      ...(number > 0 ? { priority: number } : {}),
    },
  });
  const addOne = ({ name, data, opts }: ReturnType<typeof jobOf>): Promise<unknown> => queue.add(name, data, opts);
  const addTogether = createGathering<ReturnType<typeof jobOf>>(async (jobs) => {
    const [first] = jobs;
    if (first === undefined) return;
    // a pipeline of one costs more than its job
    await (jobs.length === 1 ? addOne(first) : queue.addBulk(jobs));
  });
  const addNow = (ref: NumberedSubmission): Promise<unknown> => addOne(jobOf(ref, 0));
  return {
    queue,
    keeper: createJobKeeper(connection, queue, addNow),
    add: (refs, delayMs = 0) => addTogether(refs.map((ref) => jobOf(ref, delayMs))),
    async remove(refs) {
      // `remove` of a job that a worker holds changes nothing, and of one that does not exist neither (BullMQ 6.7, `removeJob`)
      await Promise.all(refs.map((ref) => queue.remove(jobIdOf(ref))));
    },
    async renumber(submission) {
      const change = () => backend.changePriority(jobIdOf(submission), submission.number);
      try {
        await change();
      } catch (error) {
        if (!isElsewhere(error)) throw error;
        await addNow(submission);
        // its producer may have added it first, with the number that it had before
        await change().catch((gone: unknown) => {
          if (!isElsewhere(gone)) throw gone;
        });
      }
    },
    async revive(ref, { ahead } = { ahead: false }) {
      const { name, data, opts } = jobOf(ref, 0);
      const job = await queue.add(name, data, opts);
      // BullMQ ignores an add with the id of a failed job
      if ((await queue.getJobState(opts.jobId)) === 'failed') await takeBack(job, ref);
      if (ahead) await putAhead(opts.jobId);
    },
    async endRest() {
      await queue.removeRateLimitKey();
      const { waiting = 0, prioritized = 0 } = await queue.getJobCounts('waiting', 'prioritized');
      return waiting + prioritized;
    },
    async endStrayThrottle() {
      // The key of `queue.rateLimit` (BullMQ 6.7, `rateLimit` of its backend).
      if ((await connection.pttl(queue.toKey('limiter'))) <= LONGEST_THROTTLE_MS) return false;
      await queue.removeRateLimitKey();
      return true;
    },
    close: () => queue.close(),
  };
}
