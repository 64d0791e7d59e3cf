import { createProducer } from '@darkroom/producer';
import { eventually, readBilledTasks, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const GENERATIONS = 30;

test('a worker stopped in the middle exits cleanly, and the next one settles every image', async () => {
  const fleet = await startFleet({ faults: { executionMs: [100, 800], submitSlowRate: 0.5, submitSlowMs: 700 } });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const [worker] = fleet.workers;
  try {
    const enqueued = await Promise.all(
      Array.from({ length: GENERATIONS }, (_, at) => producer.enqueue({ positivePrompt: `generation ${at}`, width: 1280, height: 896 })),
    );
    await eventually(async () => expect((await readBilledTasks(fleet.billFile)).size).toBeGreaterThanOrEqual(5));
    const stoppedAt = performance.now();
    expect(await worker?.stop()).toBe(0);
    // The stop waits no longer than the slowest request that was under way.
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
    const bought = (await readBilledTasks(fleet.billFile)).size;
    expect(bought).toBeLessThan(GENERATIONS);
    await worker?.start();
    const generations = await Promise.all(enqueued.map(({ generationId }) => producer.wait(generationId, { timeoutMs: 30_000 })));
    await expectOneOfEach(fleet, generations);
  } finally {
    await producer.close();
    await fleet.stop();
  }
});

test('worker and receiver exit within their bounds while Redis does not answer', async () => {
  const fleet = await startFleet();
  try {
    process.kill(fleet.redis.pid!, 'SIGSTOP');
    const stoppedAt = performance.now();
    await Promise.all([...fleet.workers, ...fleet.receivers].map((each) => each.stop()));
    expect((performance.now() - stoppedAt) / 1000).toBeLessThan(45);
  } finally {
    process.kill(fleet.redis.pid!, 'SIGCONT');
    await fleet.stop();
  }
});
