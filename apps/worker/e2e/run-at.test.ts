import { createObjectStorage } from '@darkroom/object-storage';
import { createProducer } from '@darkroom/producer';
import { createSubmissions } from '@darkroom/queues';
import { eventually, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const order = { positivePrompt: 'a red door', width: 576, height: 1248 } as const;

test('what is to run later is bought then, once, although its job is promoted and worker and Redis are killed before', async () => {
  const fleet = await startFleet();
  const [worker] = fleet.workers;
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  try {
    const runAt = Date.now() + 5000;
    const { generationId } = await producer.enqueue(order, { runAt });

    const connection = new Redis(fleet.redisUrl, { maxRetriesPerRequest: null });
    const submissions = createSubmissions(connection, { prefix: fleet.prefix });
    expect(await submissions.promoteDelayed()).toBe(1);
    // it ran, was told that it is too early, and sleeps again
    await eventually(async () => expect((await submissions.queue.getDelayed())[0]?.attemptsStarted).toBe(1));
    await submissions.close();
    await connection.quit();
    expect(await producer.get(generationId)).toMatchObject({ status: 'queued', runAt, reservedUsd: '0' });

    await worker?.kill();
    await fleet.redis.kill();
    await fleet.redis.start();
    await worker?.start();

    const generation = await producer.wait(generationId, { timeoutMs: 30_000 });
    await expectOneOfEach(fleet, [generation]);
    const storage = createObjectStorage({ ...fleet.s3Config, requestTimeoutMs: 5000, maxImageBytes: 1 }, { now: Date.now });
    const intent = await storage.findIntent({ generationId, index: 0, n: 1 }, 0);
    storage.close();
    expect(intent?.firstSentAt).toBeGreaterThanOrEqual(runAt);
  } finally {
    await producer.close();
    await fleet.stop();
  }
});
