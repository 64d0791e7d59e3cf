import { connectPatient } from '@darkroom/generation-store';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import { createMetrics, silentLogger } from '@darkroom/service-runtime';
import { defaultTiming } from '@darkroom/contracts';
import type { Purchase } from '@darkroom/purchase';
import { eventually, uniquePrefix } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { startConsuming } from '../src/consume.ts';
import { createWorkerMetrics } from '../src/metrics/worker-metrics.ts';

test('a job that is none of ours is stopped at once, and nothing is bought for it', async () => {
  const connection = connectPatient(inject('redisUrl'));
  const queue = { prefix: uniquePrefix() };
  const submissions = createSubmissions(connection, queue);
  const settlements = createSettlements(connection, queue);
  const { workers } = startConsuming(
    { connection, queue, timing: defaultTiming, submitConcurrency: 1, settleConcurrency: 1 },
    {
      // Any use of it would throw, and put the job back instead of stopping it.
      purchase: {} as Purchase,
      submissions,
      settlements,
      newestDelivery: () => Promise.resolve(0),
      hurry: new AbortController().signal,
      logger: silentLogger,
      metrics: createWorkerMetrics(createMetrics({ process: 'test' })),
    },
  );
  try {
    const job = await submissions.queue.add('submit', { version: 1, generationId: 'not-an-id', index: 0, n: 1 }, { jobId: 'foreign' });
    await eventually(async () => expect(await job.getState()).toBe('failed'));
    const failed = await submissions.queue.getJob('foreign');
    expect(failed).toMatchObject({
      attemptsMade: 1,
      failedReason: expect.stringContaining('job "foreign" of queue "submissions" is not one of ours'),
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all([submissions.close(), settlements.close()]);
    connection.disconnect();
  }
});
