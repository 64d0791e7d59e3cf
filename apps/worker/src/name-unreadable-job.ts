import type { Logger } from '@darkroom/service-runtime';
import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';

/**
 * Logs the key of a stalled job that BullMQ cannot read. BullMQ takes such a job and fails on its payload before our code runs; its
 * error says only what is wrong with the JSON, and it takes the job again after the next stall (6.7, `Job.fromJSON`). Other jobs run.
 */
export async function nameUnreadableJob(worker: Worker, connection: Redis, jobId: string, logger: Logger): Promise<void> {
  const key = worker.toKey(jobId);
  try {
    const parts = await connection.hmget(key, 'data', 'opts');
    if (parts.every((part) => part === null || isJson(part))) return;
    logger.error({ code: 'store.corrupt-record', key }, 'job cannot be read (docs/operations/troubleshooting.md)');
  } catch (error) {
    logger.warn({ err: error, key }, 'could not read a stalled job');
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
