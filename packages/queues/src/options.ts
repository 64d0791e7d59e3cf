import type { JobsOptions, QueueOptions } from 'bullmq';
import type { Redis } from 'ioredis';

export interface QueueSettings {
  /** First part of every key of BullMQ; holds a hash tag, or Redis Cluster answers CROSSSLOT (BullMQ docs, "Redis Cluster"). */
  prefix: string;
  /**
   * Set for callers that prefer an error to a wait. BullMQ then neither waits for the first connection nor asks for the server's version;
   * without the second, a queue created while Redis is away stays broken for good (measured on 6.7.0).
   */
  failFast?: boolean;
  /** Redis time as this process knows it, in milliseconds since 1970: a delay counts from it. The clock of the process by default. */
  now?: () => number;
}

const jobOptions: JobsOptions = {
  // The entries are the truth: a finished job adds nothing, and its id must be free for a resend.
  removeOnComplete: true,
  removeOnFail: { count: 5000, age: 30 * 86_400 },
  // Submit and settle end by deadline or horizon, never for lack of attempts; a throw is a bug and comes back later.
  attempts: 1_000_000,
  backoff: { type: 'fixed', delay: 30_000 },
  stackTraceLimit: 5,
};

export const buildQueueOptions = (connection: Redis, { prefix, failFast }: QueueSettings): QueueOptions => ({
  connection,
  prefix,
  defaultJobOptions: jobOptions,
  // Events are for dashboards; no part of Darkroom depends on them.
  streams: { events: { maxLen: 1000 } },
  ...(failFast === true ? { skipWaitingForReady: true, skipVersionCheck: true } : {}),
});
