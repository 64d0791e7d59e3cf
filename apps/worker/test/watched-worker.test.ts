import { createGenerationId } from '@darkroom/contracts';
import { createPulse } from '@darkroom/service-runtime';
import type { Job } from 'bullmq';
import { expect, inject, onTestFinished, test } from 'vitest';
import { WatchedWorker } from '../src/watched-worker.ts';
import { openStore } from './open-store.ts';

test('a job starts as soon as it has come, and waits for no other to be fetched', async () => {
  const world = await openStore(inject('redisUrl'));
  onTestFinished(() => world.close());
  const generationId = createGenerationId(Date.now());
  const refs = Array.from({ length: 5 }, (_, index) => ({ generationId, index, n: 1 }));
  await world.submissions.add(refs);

  const steps: string[] = [];
  let startLast: () => void = () => undefined;
  const allStarted = new Promise<void>((resolve) => (startLast = resolve));
  const pulse = createPulse({ isExpected: () => false });
  onTestFinished(() => pulse.stop());
  const run = async (job: Job): Promise<void> => {
    steps.push(`started ${job.id}`);
    if (steps.length === 2 * refs.length) startLast();
    // None ends before: the end of a job fetches another one.
    await allStarted;
  };
  const { queue } = world.submissions;
  const worker = new WatchedWorker(
    queue.name,
    run,
    { connection: world.redis, prefix: queue.opts.prefix ?? '', concurrency: 2 * refs.length },
    pulse,
  );
  onTestFinished(() => worker.close());
  worker.on('active', (job) => steps.push(`fetched ${job.id}`));
  await allStarted;
  const jobs = steps.filter((_, at) => at % 2 === 0).map((step) => step.slice('fetched '.length));
  expect(steps).toEqual(jobs.flatMap((job) => [`fetched ${job}`, `started ${job}`]));
});
