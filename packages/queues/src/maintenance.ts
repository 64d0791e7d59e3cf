import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { queueNames } from './names.ts';
import { buildQueueOptions, type QueueSettings } from './options.ts';

/** The queue of what is done every so often, by one worker of the fleet. */
export interface Maintenance {
  readonly queue: Queue;
  /**
   * Makes sure that a reconciling job comes every so often. Done again it changes nothing, and makes what Redis has forgotten
   * of it anew, the next job included.
   */
  scheduleReconcile(everyMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Names the schedule and its jobs. */
const RECONCILE = 'reconcile';

export function createMaintenance(connection: Redis, settings: QueueSettings): Maintenance {
  const queue = new Queue(queueNames.maintenance, buildQueueOptions(connection, settings));
  queue.on('error', () => undefined); // every call reports to its own caller
  return {
    queue,
    async scheduleReconcile(every) {
      // A run that failed is not tried again: the next one comes soon, and does all that it would have done.
      await queue.upsertJobScheduler(RECONCILE, { every }, { name: RECONCILE, opts: { attempts: 1, removeOnFail: { count: 100 } } });
    },
    close: () => queue.close(),
  };
}
