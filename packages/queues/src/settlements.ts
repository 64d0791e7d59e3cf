import type { SubmissionRef } from '@darkroom/contracts';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createJobKeeper, type JobKeeper } from './job-keeper.ts';
import { buildJobPayload, jobIdOf } from './job-payload.ts';
import { queueNames } from './names.ts';
import { buildQueueOptions, type QueueSettings } from './options.ts';
import { isElsewhere, takeBack } from './take-back.ts';

/** Priority of a parked job. A woken job has none and so overtakes every poll that is merely due. */
export const PARKED_PRIORITY = 1;

/**
 * The queue of submissions to settle. A job is parked (delayed, holding no slot) before its request leaves, and woken by a delivery or by
 * its own delay (I3).
 */
export interface Settlements {
  readonly queue: Queue;
  readonly keeper: JobKeeper;
  /**
   * Parks the job of a submission and ensures that it exists and is live. @param check False if no job of this submission can have existed
   * before.
   */
  park(ref: SubmissionRef, delayMs: number, check: boolean): Promise<void>;
  /**
   * Wakes the job: "woken", or "pending" if it runs or is about to run. If there is none (its submission ended, and now a delivery came),
   * it adds one: "ensured".
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
    // BullMQ ignores an add with the id of a failed job
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
        // it ran when it was to be promoted, and has been parked again since
        return wake(ref);
      default:
        // running or about to run: a run looks for newer deliveries after it has parked again
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
