import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** Number of jobs of a queue in each state, in BullMQ's words. */
export interface QueueCounts {
  readonly queue: string;
  readonly states: Readonly<Record<string, number>>;
}

/** Counts jobs; a result is reused for a second, however often it is read. */
export interface JobCounts {
  read(): Promise<readonly QueueCounts[]>;
}

const CACHE_MS = 1000;

/** @param now Milliseconds of a clock that only goes forward. */
export function createJobCounts(queues: readonly Queue[], now: () => number): JobCounts {
  let cached: { at: number; counts: Promise<readonly QueueCounts[]> } | undefined;
  return {
    read() {
      if (cached !== undefined && now() - cached.at < CACHE_MS) return cached.counts;
      // One script per queue, which reads only lengths and cardinalities (BullMQ 6.7, `getCounts`).
      const counts = Promise.all(queues.map(async (queue) => ({ queue: queue.name, states: await queue.getJobCounts() })));
      cached = { at: now(), counts };
      return counts;
    },
  };
}

/** A delayed job's score is its time multiplied by this, plus a tie-breaker (BullMQ 6.7, `getDelayedScore`). */
const DELAYED_SCORE_FACTOR = 0x1000;

/**
 * Counts the jobs that a queue has to do now: waiting, prioritized, active, and delayed jobs that are due. The last count because only
 * a worker moves them on: without a worker, due jobs would look like jobs that wait for their time.
 * @param at Milliseconds since 1970.
 * @param startable Number of jobs that could begin now; at most this many of the waiting ones count.
 */
export async function countBacklog(connection: Redis, queue: Queue, at: number, startable = Infinity): Promise<number> {
  const [{ waiting = 0, prioritized = 0, active = 0 }, due] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active'),
    connection.zcount(queue.toKey('delayed'), '-inf', (at + 1) * DELAYED_SCORE_FACTOR - 1),
  ]);
  return active + Math.min(startable, waiting + prioritized + due);
}
