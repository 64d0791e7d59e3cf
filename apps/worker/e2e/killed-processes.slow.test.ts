import { createProducer } from '@darkroom/producer';
import { eventually, readBilledTasks, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const GENERATIONS = 50;

const enqueueAll = async (producer: ReturnType<typeof createProducer>): Promise<string[]> => {
  const enqueued = await Promise.all(
    Array.from({ length: GENERATIONS }, (_, at) => producer.enqueue({ positivePrompt: `generation ${at}`, width: 1280, height: 896 })),
  );
  return enqueued.map(({ generationId }) => generationId);
};

test('after kills of worker, receiver and emulator in the middle of 50 generations all succeed, each bought once', async () => {
  const fleet = await startFleet({ faults: { executionMs: [200, 1500] } });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  try {
    const ids = await enqueueAll(producer);
    await eventually(async () => expect((await readBilledTasks(fleet.billFile)).size).toBeGreaterThanOrEqual(10));
    for (const victim of [...fleet.workers, ...fleet.receivers, fleet.emulator]) {
      await victim.kill();
      await victim.start();
    }
    const generations = await Promise.all(ids.map((id) => producer.wait(id, { timeoutMs: 60_000 })));
    await expectOneOfEach(fleet, generations);
  } finally {
    await producer.close();
    await fleet.stop();
  }
});

test('after a kill of the only worker with 50 images in flight its successor settles all within 15 seconds', async () => {
  // BullMQ's lock and the first poll have their production values, because the test measures these waits.
  const fleet = await startFleet({
    faults: { executionMs: [2000, 4000] },
    workerEnv: { TIMING_FIRST_POLL_MS: '20000', TIMING_MAX_POLL_MS: '300000', WORKER_SUBMIT_CONCURRENCY: '50' },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const [worker] = fleet.workers;
  try {
    const ids = await enqueueAll(producer);
    await eventually(async () => expect((await readBilledTasks(fleet.billFile)).size).toBe(GENERATIONS));
    await worker?.kill();
    const restartedAt = performance.now();
    await worker?.start();
    const generations = await Promise.all(ids.map((id) => producer.wait(id, { timeoutMs: 15_000 })));
    const seconds = (performance.now() - restartedAt) / 1000;
    await expectOneOfEach(fleet, generations);
    expect(seconds).toBeLessThan(15);
    console.info(`all ${GENERATIONS} home ${seconds.toFixed(1)} s after the restart`);
  } finally {
    await producer.close();
    await fleet.stop();
  }
});
