import type { SubmissionRef } from '@darkroom/contracts';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createJobKeeper, type JobKeeper } from './job-keeper.ts';
import { buildJobPayload, jobIdOf } from './job-payload.ts';
import { queueNames } from './names.ts';
import { buildQueueOptions, type QueueSettings } from './options.ts';
import { isElsewhere, takeBack } from './take-back.ts';

/** The queue of submissions that are to be bought. */
export interface Submissions {
  readonly queue: Queue;
  readonly keeper: JobKeeper;
  /** Adds a job for each; one that is there already, in any state, stays as it is. */
  add(refs: readonly SubmissionRef[], delayMs?: number): Promise<void>;
  /**
   * Makes sure that a live job is there: adds it, or takes it back from failed. With `ahead` it runs before everything that
   * waits: what is sent again must be so inside the resend window, and the backlog may be longer than that.
   */
  revive(ref: SubmissionRef, options?: { ahead: boolean }): Promise<void>;
  /**
   * Lets everything that waits for its time run now: after a pause the jobs would sleep on for up to the longest time of
   * trouble. One that waits before its image is bought again comes early, too. Takes no more than what waited at the call, in
   * pages, so that Redis is never blocked and a queue that is paused again ends it.
   * @returns how many waited.
   */
  promoteDelayed(): Promise<number>;
  /**
   * Ends a throttle that lasts longer than one is ever set: its end was written before the clock of Redis went back, and would hold
   * back all buying until it is caught up with. @returns whether there was one.
   */
  endStrayThrottle(): Promise<boolean>;
  close(): Promise<void>;
}

/** One script moves so many; each takes some microseconds. */
const PROMOTED_AT_ONCE = 500;
/** Longer than the queue is ever told to rest: a provider may ask for a minute (`Retry-After`). */
const LONGEST_THROTTLE_MS = 120_000;

export function createSubmissions(connection: Redis, settings: QueueSettings): Submissions {
  const { now = Date.now } = settings;
  const queue = new Queue(queueNames.submissions, buildQueueOptions(connection, settings));
  queue.on('error', () => undefined); // every call reports to its own caller
  const backend = queue.getBackend();
  const putAhead = async (jobId: string): Promise<void> => {
    // It may wait for its time, or in the backlog; one that runs meanwhile is as soon as it can be.
    for (const move of [() => backend.promote(jobId), () => backend.changePriority(jobId, 0, true)]) {
      await move().catch((error: unknown) => {
        if (!isElsewhere(error)) throw error;
      });
    }
  };
  const jobOf = (ref: SubmissionRef, delayMs: number) => ({
    name: 'submit',
    data: buildJobPayload(ref),
    opts: { jobId: jobIdOf(ref), timestamp: now(), ...(delayMs > 0 ? { delay: delayMs } : {}) },
  });
  const addNow = (ref: SubmissionRef): Promise<unknown> => {
    const { name, data, opts } = jobOf(ref, 0);
    return queue.add(name, data, opts);
  };
  return {
    queue,
    keeper: createJobKeeper(connection, queue, addNow),
    async add(refs, delayMs = 0) {
      const [first] = refs;
      if (first !== undefined && refs.length === 1) {
        const { name, data, opts } = jobOf(first, delayMs);
        await queue.add(name, data, opts);
      } else {
        await queue.addBulk(refs.map((ref) => jobOf(ref, delayMs)));
      }
    },
    async revive(ref, { ahead } = { ahead: false }) {
      const { name, data, opts } = jobOf(ref, 0);
      const job = await queue.add(name, data, opts);
      // a failed job swallows an add of the same id
      if ((await queue.getJobState(opts.jobId)) === 'failed') await takeBack(job, ref);
      if (ahead) await putAhead(opts.jobId);
    },
    async promoteDelayed() {
      const delayed = await queue.getDelayedCount();
      for (let left = delayed; left > 0; left -= PROMOTED_AT_ONCE) await queue.getBackend().promoteJobs(Math.min(left, PROMOTED_AT_ONCE));
      return delayed;
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
