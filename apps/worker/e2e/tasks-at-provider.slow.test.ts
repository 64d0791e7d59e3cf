import { readFile } from 'node:fs/promises';
import { connectPatient } from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { startFleet, type Fleet } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const LIMIT = 3;
const order = { positivePrompt: 'a red door', width: 576, height: 1248 } as const;

/** Returns the largest number of tasks under way at the provider, by the order of the lines of its bill. */
async function mostAtOnce({ billFile }: Fleet): Promise<number> {
  const underWay = new Set<string>();
  let most = 0;
  for (const line of (await readFile(billFile, 'utf8')).split('\n').filter(Boolean)) {
    const { kind, taskUUID } = JSON.parse(line) as { kind: string; taskUUID: string };
    if (kind === 'submission') underWay.add(taskUUID);
    if (kind === 'execution' || kind === 'failure') underWay.delete(taskUUID);
    most = Math.max(most, underWay.size);
  }
  return most;
}

test('four racing workers keep to the limit of the fleet and use it fully, through a kill of Redis and of a worker', async () => {
  const fleet = await startFleet({ workers: 4, faults: { executionMs: [300, 300] } });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const redis = connectPatient(fleet.redisUrl);
  try {
    await redis.hset(`${fleet.prefix}:limits`, 'tasksAtProvider', LIMIT);
    const many = await producer.enqueueMany(Array.from({ length: 30 }, () => order));
    const waits = many.map(({ generationId }) => producer.wait(generationId, { timeoutMs: 60_000 }));
    await Promise.any(waits);
    await fleet.workers[0]?.kill();
    await fleet.redis.kill();
    await fleet.redis.start();
    await expectOneOfEach(fleet, await Promise.all(waits));
    expect(await mostAtOnce(fleet)).toBe(LIMIT);
  } finally {
    redis.disconnect();
    await producer.close();
    await fleet.stop();
  }
});
