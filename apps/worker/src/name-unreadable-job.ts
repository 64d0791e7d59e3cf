import type { Logger } from '@darkroom/service-runtime';
import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';

/**
 * Names a stalled job that BullMQ cannot read: it takes such a job, fails over its payload before any code of ours runs, tells
 * only what is wrong with the JSON, and takes it again when it has stalled (6.7, `Job.fromJSON`). Others go on meanwhile.
 */
export async function nameUnreadableJob(worker: Worker, connection: Redis, jobId: string, logger: Logger): Promise<void> {
  const key = worker.toKey(jobId);
  try {
    const parts = await connection.hmget(key, 'data', 'opts');
    if (parts.every((part) => part === null || isJson(part))) return;
    logger.error({ code: 'store.corrupt-record', key }, 'job cannot be read (docs/operations/troubleshooting.md)');
  } catch (error) {
    logger.warn({ err: error, key }, 'stalled job could not be looked at');
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
