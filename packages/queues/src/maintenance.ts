import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { queueNames } from './names.ts';
import { buildQueueOptions, type QueueSettings } from './options.ts';

/** The queue of recurring work, done by one worker of the fleet at a time. */
export interface Maintenance {
  readonly queue: Queue;
  /**
   * Schedules a recurring reconciling job. Repeated, it changes nothing, and restores what Redis lost of the schedule, the next job
   * included.
   */
  scheduleReconcile(everyMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Name of the schedule and its jobs. */
const RECONCILE = 'reconcile';

export function createMaintenance(connection: Redis, settings: QueueSettings): Maintenance {
  const queue = new Queue(queueNames.maintenance, buildQueueOptions(connection, settings));
  queue.on('error', () => undefined); // every call reports to its own caller
  return {
    queue,
    async scheduleReconcile(every) {
      // A failed run is not retried: the next one comes soon and does all of its work.
      await queue.upsertJobScheduler(RECONCILE, { every }, { name: RECONCILE, opts: { attempts: 1, removeOnFail: { count: 100 } } });
    },
    close: () => queue.close(),
  };
}
