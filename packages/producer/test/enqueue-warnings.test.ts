import { expect, test } from 'vitest';
import { request, setup } from './world.ts';

test('an enqueue without a live worker is answered with a warning, and queued', async () => {
  await using world = await setup();
  const first = await world.producer.enqueue(request);
  expect(first).toMatchObject({
    created: true,
    warnings: [
      {
        code: 'workers.none-seen',
        message: 'no worker has been seen yet: the generation is queued, and nothing is bought until a worker runs',
      },
    ],
  });
  expect((await world.producer.get(first.generationId)).status).toBe('queued');
  const [many] = await world.producer.enqueueMany([request]);
  expect(many?.warnings).toHaveLength(1);
  await world.store.noteWorkerSeen();
  expect(await world.producer.enqueue(request)).not.toHaveProperty('warnings');
  await world.redis.set(`${world.prefix}:worker-seen`, Date.UTC(2026, 0, 1));
  expect((await world.producer.enqueue(request)).warnings).toEqual([
    expect.objectContaining({ message: expect.stringContaining('seen since 2026-01-01T00:00:00.000Z'), seenAt: Date.UTC(2026, 0, 1) }),
  ]);
});
