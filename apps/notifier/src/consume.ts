import {
  type createNotifications,
  buildNotificationPayload,
  buildQueueOptions,
  parseNotificationJob,
  queueNames,
  type NotificationJob,
} from '@darkroom/queues';
import { explainShortly, type Logger, type Pulse } from '@darkroom/service-runtime';
import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq';
import type { Outcome } from './send/deliver.ts';

type Connection = Parameters<typeof createNotifications>[0];

export interface ConsumeParts {
  connection: Connection;
  prefix: string;
  concurrency: number;
  /** Redis time as this process knows it. */
  now: () => number;
  run: (job: NotificationJob) => Promise<Outcome>;
  pulse: Pulse;
  logger: Logger;
}

/** Longer than the longest attempt; another notifier takes over the job of one that died. */
const LOCK_MS = 30_000;
const STALLED_MS = 10_000;
/** BullMQ never resets a job's count of stalls, and a job may live through many deployments. */
const MAX_STALLED_COUNT = 10_000;
/** Rest after trouble with Redis. */
const TROUBLE_MS = 5000;

/** Runs the queue of notifications. An outcome becomes a call of BullMQ here, and nowhere else. */
export function startConsuming({ connection, prefix, concurrency, now, run, pulse, logger }: ConsumeParts): Worker {
  const worker = new Worker(
    queueNames.notifications,
    async (job: Job, token = '') => {
      const notification = read(job);
      const outcome = await run(notification).catch((error: unknown): Outcome => {
        logger.warn({ event: 'notification.put-back', id: notification.id, reason: explainShortly(error) }, 'put a notification back');
        return { kind: 'again', delayMs: TROUBLE_MS, attempt: notification.attempt };
      });
      pulse.beat();
      if (outcome.kind === 'ended') return;
      const data = JSON.stringify(buildNotificationPayload({ ...notification, attempt: outcome.attempt }));
      await worker
        .getBackend()
        .moveToDelayed(String(job.id), now(), outcome.delayMs, token, { skipAttempt: true, fieldsToUpdate: { data } });
      throw new DelayedError('waits for its next attempt');
    },
    {
      ...buildQueueOptions(connection, { prefix }),
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: MAX_STALLED_COUNT,
      drainDelay: 2,
      autorun: false,
    },
  );
  worker.on('error', (error) => logger.debug({ event: 'notifications.trouble', reason: explainShortly(error) }, 'could not fetch jobs'));
  worker.on('drained', () => pulse.beat());
  return worker;
}

/** Reads a job. A foreign one is discarded: no later run could read it either. */
function read(job: Job): NotificationJob {
  try {
    const notification = parseNotificationJob(job.data);
    if (job.id !== notification.id) throw new Error('its payload names another notification');
    return notification;
  } catch (error) {
    throw new UnrecoverableError(`job "${job.id}" does not belong to Darkroom: ${error instanceof Error ? error.message : String(error)}`);
  }
}
