import type { SubmissionRef } from '@darkroom/contracts';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createJobKeeper, type JobKeeper } from './job-keeper.ts';
import { buildJobPayload, jobIdOf } from './job-payload.ts';
import { queueNames } from './names.ts';
import { buildQueueOptions, type QueueSettings } from './options.ts';
import { isElsewhere, takeBack } from './take-back.ts';

/** A parked job waits with this priority; a woken one has none and so overtakes every poll that is merely due. */
export const PARKED_PRIORITY = 1;

/**
 * The queue of submissions that are to come home. A job is parked (delayed, holding no slot) before its request leaves, and
 * woken by a delivery or by its own deadline (I3).
 */
export interface Settlements {
  readonly queue: Queue;
  readonly keeper: JobKeeper;
  /** Parks the job of a submission and makes sure that it is there and alive. @param check False when no job of this submission can have been there before. */
  park(ref: SubmissionRef, delayMs: number, check: boolean): Promise<void>;
  /**
   * Wakes the job: "woken", or "pending" when it runs or is about to run. When there is none (its submission ended, and now
   * something came) one is added: "ensured".
   */
  wake(ref: SubmissionRef): Promise<'woken' | 'ensured' | 'pending'>;
  close(): Promise<void>;
}

export function createSettlements(connection: Redis, settings: QueueSettings): Settlements {
  const { now = Date.now } = settings;
  const queue = new Queue(queueNames.settlements, buildQueueOptions(connection, settings));
  queue.on('error', () => undefined); // every call reports to its own caller
  const add = (ref: SubmissionRef, delay: number) =>
    queue.add('settle', buildJobPayload(ref), { jobId: jobIdOf(ref), timestamp: now(), delay, priority: delay > 0 ? PARKED_PRIORITY : 0 });

  const ensure = async (ref: SubmissionRef, delay: number): Promise<void> => {
    const job = await add(ref, delay);
    // a failed job swallows an add of the same id
    if ((await queue.getJobState(jobIdOf(ref))) === 'failed') await takeBack(job, ref);
  };
  const wake: Settlements['wake'] = async (ref) => {
    const jobId = jobIdOf(ref);
    const backend = queue.getBackend();
    const [, promoted] = await Promise.allSettled([backend.changePriority(jobId, 0), backend.promote(jobId)]);
    if (promoted.status === 'fulfilled') return 'woken';
    if (!isElsewhere(promoted.reason)) throw promoted.reason;
    switch (await queue.getJobState(jobId)) {
      case 'failed':
      case 'completed':
      case 'unknown':
        await ensure(ref, 0);
        return 'ensured';
      case 'delayed':
        // it ran when it was to be promoted, and was parked again since
        return wake(ref);
      default:
        // running or about to: a run looks for newer deliveries after it has parked again
        return 'pending';
    }
  };

  return {
    queue,
    keeper: createJobKeeper(connection, queue, (ref) => add(ref, 0)),
    async park(ref, delayMs, check) {
      await (check ? ensure(ref, delayMs) : add(ref, delayMs));
    },
    wake,
    close: () => queue.close(),
  };
}
