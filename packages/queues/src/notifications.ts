import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { queueNames } from './names.ts';
import { buildQueueOptions, type QueueSettings } from './options.ts';
import { isElsewhere } from './take-back.ts';

const payloadSchema = z.object({
  version: z.literal(1),
  /** Also the id of the job. */
  id: z.string(),
  tenant: z.string(),
  /** Time of the event, in milliseconds since 1970. */
  at: z.number(),
  /** Attempts before this one. */
  attempt: z.int().min(0).default(0),
});

/** A notification to send: neither its address nor its content, which are read when it is sent. */
export type NotificationJob = Omit<z.infer<typeof payloadSchema>, 'version'>;

/** Reads the payload of a job. @throws z.ZodError for a foreign payload. */
export function parseNotificationJob(data: unknown): NotificationJob {
  const { version: _version, ...job } = payloadSchema.parse(data);
  return job;
}

export const buildNotificationPayload = (job: NotificationJob): z.infer<typeof payloadSchema> => ({ version: 1, ...job });

/** The queue of notifications to receivers: one job for each event and endpoint. */
export interface Notifications {
  readonly queue: Queue;
  /** Adds a job for each; an existing job stays as it is. */
  add(notifications: readonly NotificationJob[]): Promise<void>;
  /** Adds a job for each, and makes those that wait for their next attempt due now. */
  sendNow(notifications: readonly NotificationJob[]): Promise<void>;
  close(): Promise<void>;
}

export function createNotifications(connection: Redis, settings: QueueSettings): Notifications {
  const { now = Date.now } = settings;
  const queue = new Queue(queueNames.notifications, buildQueueOptions(connection, settings));
  queue.on('error', () => undefined); // every call reports to its own caller
  const add = async (notifications: readonly NotificationJob[]): Promise<void> => {
    if (notifications.length === 0) return;
    await queue.addBulk(
      notifications.map((each) => ({
        name: 'notify',
        data: buildNotificationPayload(each),
        // The log of notifications tells what ended; an id must be free for a resend.
        opts: { jobId: each.id, timestamp: now(), removeOnFail: true },
      })),
    );
  };
  return {
    queue,
    add,
    async sendNow(notifications) {
      await add(notifications);
      for (const { id } of notifications) {
        await queue
          .getBackend()
          .promote(id)
          .catch((error: unknown) => {
            if (!isElsewhere(error)) throw error;
          });
      }
    },
    close: () => queue.close(),
  };
}
