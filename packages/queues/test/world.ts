import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { uniquePrefix } from '@darkroom/testing';
import { Worker, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { createSettlements, createSubmissions, parseJobPayload, type Settlements, type Submissions } from '../src/index.ts';

export interface World extends AsyncDisposable {
  readonly prefix: string;
  readonly connection: Redis;
  readonly settlements: Settlements;
  readonly submissions: Submissions;
  /** Runs the jobs of a queue, one at a time, until the test ends. */
  consume(queue: Settlements | Submissions, run: (ref: SubmissionRef, job: Job, token: string) => Promise<void>): Worker;
}

/** Both queues, under their own prefix. */
export async function setup(): Promise<World> {
  const prefix = uniquePrefix();
  const connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const settlements = createSettlements(connection, { prefix });
  const submissions = createSubmissions(connection, { prefix });
  const workers: Worker[] = [];
  await Promise.all([settlements.queue.waitUntilReady(), submissions.queue.waitUntilReady()]);
  return {
    prefix,
    connection,
    settlements,
    submissions,
    consume: ({ queue }, run) => {
      const worker = new Worker(queue.name, async (job, token = '') => run(parseJobPayload(job.data), job, token), { connection, prefix });
      worker.on('error', () => undefined);
      workers.push(worker);
      return worker;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all([settlements.close(), submissions.close()]);
      await connection.quit();
    },
  };
}

export const newRef = (): SubmissionRef => ({ generationId: createGenerationId(Date.now()), index: 0, n: 1 });
